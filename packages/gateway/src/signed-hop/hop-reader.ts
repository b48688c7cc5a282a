import type { KeyObject } from "node:crypto";
import type { Notice } from "../notice.ts";
import { type HopRefusal, hopRefusals, whyRefused } from "./hop-refusal.ts";
import { type HopClaim, type HopReading, parseHop } from "./hop-text.ts";
import { type BoundRequest, isSameSignature, signatureOf } from "./signature.ts";
import type { HopMemory, HopUse } from "./used-hops.ts";

/** What became of the hop of one request. */
export type HopVerdict =
  | { readonly kind: "accepted"; readonly keyId: string; readonly claim: HopClaim }
  | { readonly kind: "refused"; readonly reason: HopRefusal };

/** How many hops were accepted, and refused for each reason. */
export type HopCounts = { readonly accepted: number; readonly refused: Readonly<Record<HopRefusal, number>> };

export type HopReaderOptions = {
  /** Several at a time, so that a key can be replaced while requests are under way. */
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** Whether a peer may bring hops at all. */
  readonly isSigner: (peer: string | undefined) => boolean;
  /** How far the signer's time of issue and ours may lie apart, in either direction. */
  readonly windowMs: number;
  /** Remembers hops so that none is used twice. */
  readonly memory: HopMemory;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Is told of refusals, of each reason no more than once a minute. */
  readonly onNotice: (notice: Notice) => void;
};

const NOTICE_INTERVAL_MS = 60_000;

/** What a hop comes with. */
export type HopContext = { readonly peer: string | undefined; readonly request: BoundRequest };

const USES: Readonly<Record<Exclude<HopUse, "first">, HopRefusal>> = {
  replayed: "replayed",
  forgotten: "stale",
  "memory-full": "memory-full",
  unconfirmed: "unconfirmed",
};

/** Decides which hops are believed: those of a known key, signed for this very request, fresh, and never used before. */
export class HopReader {
  readonly #options: HopReaderOptions;
  readonly #refused = Object.fromEntries(hopRefusals.map((reason) => [reason, 0])) as Record<HopRefusal, number>;
  readonly #toldAtMs = new Map<HopRefusal, number>();
  #accepted = 0;

  constructor(options: HopReaderOptions) {
    this.#options = options;
  }

  /** Reads the lines of the header; `undefined` when there are none. An accepted hop is used up. A promise where the memory is another process's. */
  read(lines: readonly string[], context: HopContext): HopVerdict | Promise<HopVerdict> | undefined {
    const [line] = lines;
    if (line === undefined) return undefined;
    const verdict = lines.length > 1 ? refused("repeated") : this.#judge(line, context);
    return verdict instanceof Promise ? verdict.then((settled) => this.#count(settled)) : this.#count(verdict);
  }

  counts(): HopCounts {
    return { accepted: this.#accepted, refused: { ...this.#refused } };
  }

  #count(verdict: HopVerdict): HopVerdict {
    if (verdict.kind === "accepted") this.#accepted += 1;
    else this.#countRefusal(verdict.reason);
    return verdict;
  }

  #countRefusal(reason: HopRefusal): void {
    this.#refused[reason] += 1;
    const { now, onNotice } = this.#options;
    const nowMs = now();
    if (Math.abs(nowMs - (this.#toldAtMs.get(reason) ?? 0)) < NOTICE_INTERVAL_MS) return;
    this.#toldAtMs.set(reason, nowMs);
    const message = `A signed hop was refused: ${whyRefused[reason]}; the request was resolved by the policy`;
    onNotice({ level: "warning", code: "SIGNED_HOP_REFUSED", message });
  }

  #judge(line: string, { peer, request }: HopContext): HopVerdict | Promise<HopVerdict> {
    const { isSigner, keys, now } = this.#options;
    if (!isSigner(peer)) return refused("untrusted-peer");
    const reading = parseHop(line);
    if (reading === undefined) return refused("malformed");
    const key = keys.get(reading.keyId);
    if (key === undefined) return refused("unknown-key");
    const signature = signatureOf(reading.signed, { key, request });
    // Before the time is looked at: what is not signed tells nothing, and must not be told apart by what it says.
    if (!isSameSignature(reading.signature, signature)) return refused("forged");
    return this.#judgeTime(reading, { signature, nowMs: now() });
  }

  /** `signature` is our own text: the one that came would keep the whole header in memory. */
  #judgeTime(reading: HopReading, { signature, nowMs }: { signature: string; nowMs: number }): HopVerdict | Promise<HopVerdict> {
    const { issuedAtMs } = reading;
    const { windowMs, memory } = this.#options;
    if (nowMs - issuedAtMs > windowMs) return refused("stale");
    if (issuedAtMs - nowMs > windowMs) return refused("ahead");
    const use = memory.use(signature, { issuedAtMs, nowMs });
    return use instanceof Promise ? use.then((known) => verdictOn(reading, known)) : verdictOn(reading, use);
  }
}

function verdictOn({ keyId, claim }: HopReading, use: HopUse): HopVerdict {
  return use === "first" ? { kind: "accepted", keyId, claim } : refused(USES[use]);
}

function refused(reason: HopRefusal): HopVerdict {
  return { kind: "refused", reason };
}
