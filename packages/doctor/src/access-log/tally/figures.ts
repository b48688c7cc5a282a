import type { Resolution } from "wherefrom";
import type { AddressSort } from "./address-sort.ts";
import { addDistinct, createDistinct, type Distinct, type DistinctMark, mergeDistinct } from "./distinct.ts";
import { addFrequent, createFrequent, type Frequent, mergeFrequent } from "./frequent.ts";

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

/** Adds so many lines that were resolved alike, but for their address. */
export function addOutcome(figures: Figures, { ip, outcome, trust, reason }: Resolved, lines: number): void {
  figures.lines += lines;
  count(figures.outcomes, outcome, lines);
  if (reason !== undefined) count(figures.reasons, reason, lines);
  if (ip !== null && trust === "verified") figures.verified += lines;
}

/** One address, and what was found out about it once. */
export type SortedAddress = { text: string; sort: AddressSort; readonly mark: DistinctMark };

/** Adds so many lines that have the address. */
export function addAddress(
  figures: Figures,
  { text, sort, mark }: SortedAddress,
  { lines, capacity }: { readonly lines: number; readonly capacity: number },
): void {
  count(figures.kinds, sort.kind, lines);
  if (sort.provider !== undefined) count(figures.providers, sort.provider, lines);
  count(figures.families, text.includes(":") ? "6" : "4", lines);
  addFrequent(figures.addresses, { text, count: lines }, capacity);
  addDistinct(figures.distinct, mark);
}

/** Makes `into` the figures of both. */
export function mergeFigures(into: Figures, from: Figures, capacity: number): void {
  into.lines += from.lines;
  into.verified += from.verified;
  for (const part of ["outcomes", "reasons", "kinds", "providers", "families"] as const) mergeCounts(into[part], from[part]);
  mergeFrequent(into.addresses, from.addresses, capacity);
  mergeDistinct(into.distinct, from.distinct);
}

export function mergeCounts(into: Counts, from: Counts): void {
  for (const [name, by] of Object.entries(from)) count(into, name, by);
}
