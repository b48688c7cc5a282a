import type { Resolution } from "wherefrom";
import { createDistinct, type Distinct, mergeDistinct } from "./distinct.ts";
import { createFrequent, type Frequent, mergeFrequent } from "./frequent.ts";

/** How often each of some names came. */
export type Counts = Record<string, number>;

/** What a policy makes of lines. Plain data: it travels between threads, and two of them add up. */
export type Figures = {
  lines: number;
  /** Lines by outcome: resolved, fallback, rejected. */
  readonly outcomes: Counts;
  /** Lines by why the algorithm rejected. */
  readonly reasons: Counts;
  /** Lines whose address is verified. */
  verified: number;
  /** Lines by the kind of address; and by the provider that it belongs to. */
  readonly kinds: Counts;
  readonly providers: Counts;
  readonly families: Counts;
  readonly addresses: Frequent;
  readonly distinct: Distinct;
};

export function createFigures(): Figures {
  const counts = (): Counts => ({});
  return {
    lines: 0,
    outcomes: counts(),
    reasons: counts(),
    verified: 0,
    kinds: counts(),
    providers: counts(),
    families: counts(),
    addresses: createFrequent(),
    distinct: createDistinct(),
  };
}

export function count(counts: Counts, name: string, by: number): void {
  // a header may be called constructor
  counts[name] = (Object.hasOwn(counts, name) ? (counts[name] as number) : 0) + by;
}

/** What figures look at of a resolution. */
export type Resolved = Pick<Resolution, "ip" | "outcome" | "trust" | "reason">;

/** Makes `into` the figures of both. */
export function mergeFigures(into: Figures, from: Figures, capacity: number): void {
  if (from.lines === 0) return;
  into.lines += from.lines;
  into.verified += from.verified;
  for (const part of ["outcomes", "reasons", "kinds", "providers", "families"] as const) mergeCounts(into[part], from[part]);
  mergeFrequent(into.addresses, from.addresses, capacity);
  mergeDistinct(into.distinct, from.distinct);
}

export function mergeCounts(into: Counts, from: Counts): void {
  for (const [name, by] of Object.entries(from)) count(into, name, by);
}
