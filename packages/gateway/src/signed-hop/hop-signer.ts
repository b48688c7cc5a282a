import { type KeyObject, randomBytes } from "node:crypto";
import type { Resolution } from "wherefrom";
import { formatClaim, formatHop, hopHeader } from "./hop-text.ts";
import { type BoundRequest, signatureOf } from "./signature.ts";

export type HopSignerOptions = {
  readonly keyId: string;
  readonly key: KeyObject;
  /** Origins of the targets that are gateways. Nobody else gets a hop: it would be worth something to who can replay it. */
  readonly targets: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Chance enough that no two processes have the same. */
const PREFIX_BYTES = 12;

/** Tells the next gateway who the client is. Each hop is signed for one request to one target and is used once: a request that is sent again is signed again. */
export class HopSigner {
  readonly #options: HopSignerOptions;
  readonly #prefix = randomBytes(PREFIX_BYTES).toString("base64url");
  #count = 0;

  constructor(options: HopSignerOptions) {
    this.#options = options;
  }

  /** The field for a target, as `[name, value]`; nothing for one that is no gateway, and of a request without an address. */
  fieldsFor(resolution: Resolution, { origin, request }: { readonly origin: string; readonly request: BoundRequest }): string[] {
    const { keyId, key, targets, now } = this.#options;
    if (resolution.ip === null || !targets.has(origin)) return [];
    this.#count += 1;
    const id = `${this.#prefix}${this.#count.toString(36)}`;
    const signed = formatClaim(resolution, { keyId, issuedAtMs: now(), id });
    return [hopHeader, formatHop(signed, signatureOf(signed, { key, request }))];
  }
}
