import type { GatewayLimits } from "../limits.ts";

/** Whether a target gets requests: all that are its turn, none, or the one that finds out whether it is back. */
export type Standing = "in-use" | "ejected" | "probing";

/**
 * How a target does, judged by what it did with real requests: a circuit breaker. Not an active check: nothing is sent for it.
 *
 * Too many failures in a row, or too large a share of them, eject the target for a time. When it is over one request is let through; its success
 * brings the target back, its failure ejects it for twice as long. A target that then serves for as long as it was away begins anew.
 *
 * Unit: all times are milliseconds of one clock that only goes forward.
 */
export class Health {
  readonly #limits: GatewayLimits;
  #failuresInRow = 0;
  #windowEndsAtMs = 0;
  #requestsInWindow = 0;
  #failuresInWindow = 0;
  /** `undefined` while in use. */
  #ejection: Ejection | undefined;
  #lastEjection: { readonly durationMs: number; readonly endedAtMs: number } | undefined;

  constructor(limits: GatewayLimits) {
    this.#limits = limits;
  }

  /** Whether it is to get a request now. */
  isAvailable(nowMs: number): boolean {
    return this.#ejection === undefined || nowMs >= this.#ejection.untilMs;
  }

  standing(): Standing {
    if (this.#ejection === undefined) return "in-use";
    return this.#ejection.probedAtMs === undefined ? "ejected" : "probing";
  }

  /** Failures since the last answer. */
  get failuresInRow(): number {
    return this.#failuresInRow;
  }

  /** A request is sent to it. The first one after the time of an ejection is the probe: others wait for what becomes of it, or for another such time. */
  sent(nowMs: number): void {
    const ejection = this.#ejection;
    if (ejection === undefined || nowMs < ejection.untilMs) return;
    ejection.probedAtMs = nowMs;
    ejection.untilMs = nowMs + this.#limits.ejectionTimeMs;
  }

  /** It has answered a request that was sent at `sentAtMs`. Says whether that brings it back. */
  answered(sentAtMs: number): boolean {
    this.#count(sentAtMs);
    this.#failuresInRow = 0;
    const ejection = this.#ejection;
    // What was sent before the ejection says nothing about the time since.
    if (ejection === undefined || sentAtMs < ejection.sinceMs) return false;
    this.#lastEjection = { durationMs: ejection.durationMs, endedAtMs: sentAtMs };
    this.#ejection = undefined;
    this.#windowEndsAtMs = 0;
    return true;
  }

  /** A request that was sent at `sentAtMs` has failed at `nowMs` by the target's fault. Says whether that ejects it anew. */
  failed(sentAtMs: number, nowMs: number): boolean {
    this.#count(nowMs);
    this.#failuresInRow += 1;
    this.#failuresInWindow += 1;
    const ejection = this.#ejection;
    if (ejection === undefined) return this.#hasFailedTooOften() && this.#eject(nowMs, this.#firstDurationMs(nowMs));
    // Of all requests that fail while it is away only the probe counts: a hundred that broke off together are one failure.
    if (ejection.probedAtMs === undefined || sentAtMs < ejection.probedAtMs) return false;
    return this.#eject(nowMs, this.#doubled(ejection.durationMs));
  }

  #count(nowMs: number): void {
    if (nowMs >= this.#windowEndsAtMs) {
      this.#windowEndsAtMs = nowMs + this.#limits.targetWindowMs;
      this.#requestsInWindow = 0;
      this.#failuresInWindow = 0;
    }
    this.#requestsInWindow += 1;
  }

  #hasFailedTooOften(): boolean {
    const { maxTargetFailures, maxTargetFailurePercent, minTargetRequests } = this.#limits;
    if (this.#failuresInRow >= maxTargetFailures) return true;
    return this.#requestsInWindow >= minTargetRequests && this.#failuresInWindow * 100 >= this.#requestsInWindow * maxTargetFailurePercent;
  }

  #firstDurationMs(nowMs: number): number {
    const last = this.#lastEjection;
    if (last === undefined || nowMs - last.endedAtMs >= last.durationMs) return this.#limits.ejectionTimeMs;
    return this.#doubled(last.durationMs);
  }

  #doubled(durationMs: number): number {
    return Math.min(durationMs * 2, this.#limits.maxEjectionTimeMs);
  }

  #eject(nowMs: number, durationMs: number): true {
    this.#ejection = { sinceMs: nowMs, durationMs, untilMs: nowMs + durationMs, probedAtMs: undefined };
    return true;
  }
}

type Ejection = {
  readonly sinceMs: number;
  readonly durationMs: number;
  /** When a request may go there again. */
  untilMs: number;
  probedAtMs: number | undefined;
};
