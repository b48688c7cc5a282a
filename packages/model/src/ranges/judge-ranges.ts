import { type Prefix, parsePrefix, prefixesOverlap, SPECIAL_RANGES } from "wherefrom";
import { type RangeIssue, rangeIssue } from "./range-issue.ts";
import type { RangeList } from "./range-list.ts";

/** Shortest network that a provider's proxies may fill, in bits. */
const SHORTEST_4 = 8;
const SHORTEST_6 = 16;

/** What two lists of ranges do not have in common, as canonical texts. */
export type RangeDiff = { readonly added: readonly string[]; readonly removed: readonly string[]; readonly keptCount: number };

/** Compares two lists. */
export function diffRanges(before: readonly string[], after: readonly string[]): RangeDiff {
  const old = new Set(before);
  const next = new Set(after);
  return {
    added: [...next].filter((text) => !old.has(text)),
    removed: [...old].filter((text) => !next.has(text)),
    keptCount: [...next].filter((text) => old.has(text)).length,
  };
}

/**
 * Says what makes a new list of a public provider implausible: a network too wide, one that is not public, or a jump from the current list. A wrong
 * list trusts strangers or distrusts the provider's proxies, so a doubtful one is refused and the current one stays.
 */
export function judgeRanges(candidate: RangeList, current: RangeList | undefined): readonly RangeIssue[] {
  const prefixes = prefixesOf(candidate);
  return [...prefixes.flatMap(judgePrefix), ...(current === undefined ? [] : judgeJump(candidate, current))];
}

/** Whether a network may be among those of a public provider. */
export function isPlausiblePrefix(prefix: Prefix): boolean {
  return judgePrefix(prefix).length === 0;
}

function judgePrefix(prefix: Prefix): readonly RangeIssue[] {
  const shortest = prefix.first.family === 4 ? SHORTEST_4 : SHORTEST_6;
  if (prefix.length < shortest)
    return [rangeIssue("RANGES_TOO_WIDE", `Expected no network wider than /${shortest}, received ${prefix.text}`)];
  const special = SPECIAL_RANGES.find((range) => prefixesOverlap(range.prefix, prefix));
  if (special === undefined) return [];
  return [rangeIssue("RANGES_NOT_PUBLIC", `Expected public networks only, received ${prefix.text}: ${special.name} (${special.source})`)];
}

function judgeJump(candidate: RangeList, current: RangeList): readonly RangeIssue[] {
  const issues: RangeIssue[] = [];
  if (candidate.retrievedAt < current.retrievedAt) {
    issues.push(rangeIssue("RANGES_OLDER", `Expected a list of ${current.retrievedAt} or later, received one of ${candidate.retrievedAt}`));
  }
  const [before, after] = [current, candidate].map((list) => list.prefixes.length) as [number, number];
  if (after * 2 <= before) issues.push(rangeIssue("RANGES_SHRUNK", `Expected more than half of ${before} networks, received ${after}`));
  for (const family of [4, 6] as const) {
    const size = sizeOf(current, family);
    // A provider without IPv6 loses none of it.
    if (size > 0 && sizeOf(candidate, family) * 2 <= size) {
      issues.push(rangeIssue("RANGES_SHRUNK", `Expected more than half of the IPv${family} addresses that the current list has`));
    }
  }
  return issues;
}

/** Addresses of a family, as a share of all that there are: more than a number can count in IPv6. */
function sizeOf(list: RangeList, family: 4 | 6): number {
  return prefixesOf(list)
    .filter((prefix) => prefix.first.family === family)
    .reduce((sum, prefix) => sum + 2 ** -prefix.length, 0);
}

function prefixesOf(list: RangeList): readonly Prefix[] {
  return list.prefixes.flatMap((text) => {
    const reading = parsePrefix(text);
    return reading.kind === "prefix" ? [reading.prefix] : [];
  });
}
