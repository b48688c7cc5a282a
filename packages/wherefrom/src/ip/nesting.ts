import { type Prefix, prefixContains } from "./prefix.ts";
import { type AddressWords, compareWords } from "./words.ts";

/** A network and whose it is. */
export type Owned = { readonly prefix: Prefix; readonly owner: number };

/**
 * The networks that no other of the list contains, ascending. Of equal ones the lowest owner's stays. Networks are nested or disjoint, never half over
 * each other, so one look at the last kept tells. Cost: n log n.
 */
export function outermostOf(list: readonly Owned[]): readonly Owned[] {
  const kept: Owned[] = [];
  for (const next of list.toSorted(compareOwned)) {
    const last = kept.at(-1);
    if (last === undefined || !containsPrefix(last.prefix, next.prefix)) kept.push(next);
  }
  return kept;
}

/** The one of `outermostOf` that contains the network; `undefined` when none does. */
export function coverOf(outermost: readonly Owned[], prefix: Prefix): Owned | undefined {
  let low = 0;
  let high = outermost.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareFirst((outermost[middle] as Owned).prefix.first, prefix.first) <= 0) low = middle + 1;
    else high = middle;
  }
  const before = outermost[low - 1];
  return before !== undefined && containsPrefix(before.prefix, prefix) ? before : undefined;
}

/** Whether a network holds another, or is it. */
export function containsPrefix(outer: Prefix, inner: Prefix): boolean {
  return outer.length <= inner.length && prefixContains(outer, inner.first);
}

/** Whether two networks have an address in common: then one of them holds the other. */
export function prefixesOverlap(left: Prefix, right: Prefix): boolean {
  return prefixContains(left, right.first) || prefixContains(right, left.first);
}

function compareOwned(left: Owned, right: Owned): number {
  return compareFirst(left.prefix.first, right.prefix.first) || left.prefix.length - right.prefix.length || left.owner - right.owner;
}

function compareFirst(left: AddressWords, right: AddressWords): number {
  return left.family - right.family || compareWords(left, right);
}
