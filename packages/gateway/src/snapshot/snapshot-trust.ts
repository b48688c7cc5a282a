import { claimedKeyOf, verifySnapshot } from "@wherefrom/model";
import { issueAt } from "../json-issue.ts";
import type { SnapshotIssue } from "./issue.ts";
import type { SnapshotKeys } from "./snapshot-keys.ts";

type TrustOptions = {
  /** Without keys signatures are not looked at, and an older revision is taken as control has it. */
  readonly keys?: SnapshotKeys | undefined;
  /** Whose snapshots they are. One of another environment is not taken, whoever signed it. */
  readonly organization?: string | undefined;
  readonly environment?: string | undefined;
};

/** Whether snapshots may be used at all. Not whether they are valid: that is seen when they are compiled. */
export class SnapshotTrust {
  readonly #options: TrustOptions;
  #pinned: string | undefined;
  #newestRevision = 0;

  constructor(options: TrustOptions) {
    this.#options = options;
  }

  /** The key that `first-use` has come to; `undefined` before that, and for configured keys. */
  get pinned(): string | undefined {
    return this.#pinned;
  }

  /** Takes a key that was pinned in an earlier life. */
  pin(key: string | undefined): void {
    if (this.#options.keys === "first-use") this.#pinned = key;
  }

  /** Why a snapshot may not be used; `undefined` when it may. The first with a fitting signature pins its key, where none is configured. */
  faultOf(json: unknown): SnapshotIssue | undefined {
    return this.#signatureFault(json) ?? this.#environmentFault(json);
  }

  /** As `faultOf`, for one that claims to be the newest. Replayed, an old one would bring back what somebody has mended. */
  faultOfNewest(json: unknown): SnapshotIssue | undefined {
    return this.faultOf(json) ?? this.#ageFault(json);
  }

  /** Nothing older than this one may come after it. */
  used(json: unknown): void {
    this.#newestRevision = Math.max(this.#newestRevision, revisionIn(json));
  }

  #environmentFault(json: unknown): SnapshotIssue | undefined {
    const { organization, environment } = this.#options;
    if (typeof json !== "object" || json === null) return undefined;
    const given = json as { readonly organization?: unknown; readonly environment?: unknown };
    if ((organization ?? given.organization) === given.organization && (environment ?? given.environment) === given.environment)
      return undefined;
    const expected = `Expected a snapshot of the environment ${environment} of ${organization}`;
    return issueAt({ json, path: ["environment"], code: "SNAPSHOT_ENVIRONMENT_WRONG", expected });
  }

  #signatureFault(json: unknown): SnapshotIssue | undefined {
    const { keys } = this.#options;
    if (keys === undefined) return undefined;
    const accepted = keys === "first-use" ? [this.#pinned ?? claimedKeyOf(json) ?? ""] : keys;
    const verdict = verifySnapshot(json, accepted);
    switch (verdict.kind) {
      case "valid":
        if (keys === "first-use") this.#pinned = verdict.key;
        return undefined;
      case "unsigned":
        return issueAt({ json, path: ["signature"], code: "SNAPSHOT_UNSIGNED", expected: "Expected a signature of control" });
      case "unknown-key": {
        const expected = `Expected a signature by ${accepted.join(" or ")}`;
        return issueAt({ json, path: ["signature", "key"], code: "SNAPSHOT_KEY_UNKNOWN", expected });
      }
      case "wrong": {
        const expected = "Expected a signature that fits the snapshot";
        return issueAt({ json, path: ["signature", "value"], code: "SNAPSHOT_SIGNATURE_WRONG", expected });
      }
    }
  }

  #ageFault(json: unknown): SnapshotIssue | undefined {
    if (this.#options.keys === undefined || revisionIn(json) >= this.#newestRevision) return undefined;
    const expected = `Expected revision ${this.#newestRevision} or a later one, because that one was used here already`;
    return issueAt({ json, path: ["revision"], code: "SNAPSHOT_OLDER", expected });
  }
}

/** Of a signed snapshot; what has no revision is refused when it is compiled. */
function revisionIn(json: unknown): number {
  const revision = typeof json === "object" && json !== null && "revision" in json ? json.revision : undefined;
  return typeof revision === "number" ? revision : 0;
}
