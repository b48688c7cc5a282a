/** What is known of a hop that was just used: it is the `first` time, or it is not, or that cannot be said. */
export type HopUse = "first" | "replayed" | "forgotten" | "memory-full" | "unconfirmed";

/** When a hop was issued and used, in milliseconds since 1970. */
export type HopTimes = { readonly issuedAtMs: number; readonly nowMs: number };

/** Who remembers used hops: this process, or another that has to be asked. It never rejects. */
export type HopMemory = {
  /** Notes that a fresh hop is used. */
  use(signature: string, times: HopTimes): HopUse | Promise<HopUse>;
};

/**
 * Remembers the signatures of the hops that were used, for as long as they are fresh. Only what carries a valid signature gets in, so nobody without a
 * key can fill it. Keyed by text and never by number: V8 hashes small numbers without a secret, and whoever chooses them can make a set slow.
 *
 * It belongs to one process: another one, or this one after a restart, does not know what was used here. Workers therefore ask their primary's.
 */
export class UsedHops implements HopMemory {
  readonly #windowMs: number;
  readonly #maxHops: number;
  /** By time of issue, in spans of a window. Freshness leaves room for three at a time. */
  readonly #spans = new Map<number, Set<string>>();
  #count = 0;
  /** What was issued before this may have been used and forgotten: where the clock of this machine is put back, it would look fresh again. */
  #forgottenUntilMs = 0;

  /** A hop is fresh while its time of issue and `nowMs` lie no more than `windowMs` apart. */
  constructor({ windowMs, maxHops }: { readonly windowMs: number; readonly maxHops: number }) {
    this.#windowMs = windowMs;
    this.#maxHops = maxHops;
  }

  /** Notes that a fresh hop is used. */
  use(signature: string, { issuedAtMs, nowMs }: HopTimes): HopUse {
    this.#forget(nowMs);
    if (issuedAtMs < this.#forgottenUntilMs) return "forgotten";
    const index = Math.floor(issuedAtMs / this.#windowMs);
    const span = this.#spans.get(index);
    if (span?.has(signature)) return "replayed";
    if (this.#count >= this.#maxHops) return "memory-full";
    this.#count += 1;
    if (span === undefined) this.#spans.set(index, new Set([signature]));
    else span.add(signature);
    return "first";
  }

  /** Lets go of spans in which everything is stale. */
  #forget(nowMs: number): void {
    for (const [index, span] of this.#spans) {
      const endMs = (index + 1) * this.#windowMs;
      if (endMs + this.#windowMs > nowMs) continue;
      this.#spans.delete(index);
      this.#count -= span.size;
      this.#forgottenUntilMs = Math.max(this.#forgottenUntilMs, endMs);
    }
  }
}
