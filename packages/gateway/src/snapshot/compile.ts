import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  claimsClient,
  finish,
  hyphenated,
  type Route,
  SecurityActions,
  type SnapshotRanges,
  snapshotRangesSchema,
  snapshotSchema,
} from "@wherefrom/model";
import { type CompiledSession, compileSessions } from "../debug/compiled-session.ts";
import { issueAt, shapeIssues } from "../json-issue.ts";
import { createRouteTable, type RouteTable, routeKey } from "../route/route-table.ts";
import { loadTargetTls, type ReadFile, type TlsFault } from "../route/target-tls.ts";
import { type CompiledPolicy, compilePolicy, type PolicyCompilation } from "./compile-policy.ts";
import type { SnapshotIssue } from "./issue.ts";
import { digestOfActions, nameManyNetworks, type PreparedActions, prepareActions } from "./prepare-actions.ts";

/** A snapshot ready for use. It never changes: the gateway swaps one for another. */
export type CompiledSnapshot = CompiledPolicy & {
  readonly organization: string;
  readonly environment: string;
  readonly revision: number;
  /** Of policy, ranges and routes: the same on revisions that differ only in security actions and debug sessions. */
  readonly policyDigest: string;
  readonly routes: RouteTable;
  readonly securityActions: SecurityActions;
  readonly debugSessions: readonly CompiledSession[];
  /**
   * What no client may say to a target by: headers that the policy reads, beside those that are known to claim who a client is, and those that flags set. In lower case and with
   * hyphens, for all spellings that some target takes for one.
   */
  readonly ownNames: ReadonlySet<string>;
  /** What the parts that may be large were built from. `routes` is absent where they name files, which may say something else the next time. */
  readonly builtFrom: Omit<PartDigests, "routes"> & { readonly routes: string | undefined };
};

type PartDigests = { readonly policy: string; readonly routes: string; readonly securityActions: string };

/** A snapshot is used whole or not at all. */
export type Compilation =
  | { readonly kind: "compiled"; readonly snapshot: CompiledSnapshot }
  | { readonly kind: "refused"; readonly issues: readonly SnapshotIssue[] };

export type CompileOptions = {
  /** The snapshot in use. A part that says the same as there is taken over, and neither judged nor built again. */
  readonly before?: CompiledSnapshot | undefined;
  /** Of this very snapshot: taken over, too. */
  readonly prepared?: PreparedActions | undefined;
  readonly readFile?: ReadFile;
};

/** Validates a snapshot and builds what requests need of it. Finds all faults at once; throws none of them. */
export function compileSnapshot(json: unknown, { before, prepared, readFile = readText }: CompileOptions = {}): Compilation {
  const digests = digestsOf(json, prepared);
  const same = partsOf({ before, prepared }, digests);
  const shape = snapshotSchema.safeParse(withoutSame(json, same));
  const policy: PolicyCompilation =
    same.policy === undefined ? readPolicy(json, shape.data?.ranges) : { kind: "compiled", policy: same.policy };
  const policyIssues = policy.kind === "refused" ? policy.issues : [];
  if (!shape.success) {
    const issues = shapeIssues(json, { found: shape.error.issues, code: "SNAPSHOT_FIELD_INVALID" });
    return { kind: "refused", issues: [...issues, ...policyIssues] };
  }
  const { routes, securityActions, bots, debugSessions = [], organization, environment, revision } = shape.data;
  const tls = loadTargetTls(routes, readFile);
  const issues = [...policyIssues, ...routeIssues(routes), ...tlsIssues(routes, tls.faults)];
  if (policy.kind === "refused" || issues.length > 0) return { kind: "refused", issues };
  const { resolver, peers, keepsEvidence, reads } = policy.policy;
  const judging = same.securityActions ?? SecurityActions.of(securityActions ?? [], bots);
  const snapshot = {
    organization,
    environment,
    revision,
    policyDigest: digestOf([digests.policy, digests.routes]),
    resolver,
    peers,
    keepsEvidence,
    reads,
    routes: same.routes ?? createRouteTable(routes, tls.loaded),
    securityActions: judging,
    debugSessions: compileSessions(debugSessions),
    ownNames: new Set([...reads.map(hyphenated).filter((name) => !claimsClient(name)), ...judging.flagNames]),
    builtFrom: { ...digests, routes: tls.loaded.size > 0 ? undefined : digests.routes },
  };
  return { kind: "compiled", snapshot };
}

/** Builds beside the requests that go on what would hold them up when it is compiled; `undefined` where there is nothing of that kind. */
export function prepareSnapshot(json: unknown, before: CompiledSnapshot | undefined): Promise<PreparedActions> | undefined {
  const lists = fieldsOf(json);
  if (!nameManyNetworks(lists)) return undefined;
  return prepareActions(lists, before && { digest: before.builtFrom.securityActions, securityActions: before.securityActions });
}

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

function digestsOf(json: unknown, prepared: PreparedActions | undefined): PartDigests {
  const { clientIpResolutionConfig, ranges, routes, securityActions, bots } = fieldsOf(json);
  return {
    policy: digestOf({ clientIpResolutionConfig, ranges }),
    routes: digestOf({ routes }),
    securityActions: prepared?.digest ?? finish(digestOfActions({ securityActions, bots })),
  };
}

/** Of the text, as JSON has it: where only the order of fields differs, a part is built once more than it had to be. */
function digestOf(json: unknown): string {
  return createHash("sha256").update(JSON.stringify(json)).digest("base64url");
}

type SameParts = {
  readonly policy: CompiledPolicy | undefined;
  readonly routes: RouteTable | undefined;
  readonly securityActions: SecurityActions | undefined;
};

/** Those of a compiled snapshot that were built from the same. */
function partsOf(
  { before, prepared }: Pick<CompileOptions, "before" | "prepared">,
  { policy, routes, securityActions }: PartDigests,
): SameParts {
  const builtFrom = before?.builtFrom;
  return {
    policy: builtFrom?.policy === policy ? before : undefined,
    routes: builtFrom?.routes === routes ? before?.routes : undefined,
    securityActions: builtFrom?.securityActions === securityActions ? before?.securityActions : prepared?.securityActions,
  };
}

function withoutSame(json: unknown, { policy, routes, securityActions }: SameParts): unknown {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return json;
  return {
    ...json,
    ...(policy && { clientIpResolutionConfig: {}, ranges: undefined }),
    ...(routes && { routes: [] }),
    ...(securityActions && { securityActions: undefined, bots: undefined }),
  };
}

/** Also of a snapshot that has faults elsewhere: where the ranges are faulty themselves, what is built in has to do. */
function readPolicy(json: unknown, valid: SnapshotRanges | undefined): PolicyCompilation {
  const { clientIpResolutionConfig: config, ranges } = fieldsOf(json);
  if (typeof config !== "object" || config === null) return { kind: "refused", issues: [] };
  return compilePolicy(config, valid ?? snapshotRangesSchema.safeParse(ranges).data);
}

function fieldsOf(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
}

function tlsIssues(routes: readonly Route[], faults: readonly TlsFault[]): SnapshotIssue[] {
  return faults.map(({ path, expected }) =>
    issueAt({ json: { routes }, path: ["routes", ...path], code: "SNAPSHOT_TLS_UNUSABLE", expected }),
  );
}

/** Two routes for the same place, or with the same name: which one would win is nobody's decision. */
function routeIssues(routes: readonly Route[]): SnapshotIssue[] {
  const names = new Set<string>();
  const places = new Set<string>();
  const issues: SnapshotIssue[] = [];
  routes.forEach((route, index) => {
    const place = routeKey(route);
    if (names.has(route.name)) {
      issues.push(
        issueAt({
          json: { routes },
          path: ["routes", index, "name"],
          code: "SNAPSHOT_ROUTE_NAME_TWICE",
          expected: "Expected a name that no other route has",
        }),
      );
    }
    if (places.has(place)) {
      issues.push(
        issueAt({
          json: { routes },
          path: ["routes", index, "basePath"],
          code: "SNAPSHOT_ROUTES_OVERLAP",
          expected: "Expected a host and base path that no other route has",
        }),
      );
    }
    names.add(route.name);
    places.add(place);
  });
  return issues;
}
