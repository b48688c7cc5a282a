import { type Providers, parsePrefix } from "wherefrom";
import { ALL_PROVIDERS } from "wherefrom/providers";
import { z } from "zod";
import { isPlausiblePrefix } from "./judge-ranges.ts";
import { isProviderName, rangeListOf, withRangeLists } from "./range-list.ts";

const MAX_PREFIXES = 100_000;
const PROVIDER_MARK = "provider:";

const prefixSchema = z
  .string("Expected a text")
  .refine(isCanonicalPlausible, "Expected a public network in canonical form, no wider than /8 (IPv4) or /16 (IPv6)");

/** The ranges that the policy of a snapshot names, under the NAME of `provider:NAME`. What a standard fixes is not among them. */
export const snapshotRangesSchema: z.ZodType<SnapshotRanges, SnapshotRanges> = z
  .record(
    z.string(),
    z.strictObject({
      source: z.string().min(1).max(2_048).describe("The page or file that the ranges are from"),
      retrievedAt: z.iso.date().describe("The day on which they were taken from there"),
      prefixes: z.array(prefixSchema).min(1).max(MAX_PREFIXES),
    }),
  )
  .check(({ value, issues }) => {
    for (const name of Object.keys(value)) {
      if (isProviderName(name) && !isFixed(name)) continue;
      const message = "Expected the NAME of provider:NAME whose ranges no standard fixes";
      issues.push({ code: "custom", message, path: [name], input: value });
    }
  })
  .meta({ id: "SnapshotRanges" });

export type SnapshotRanges = Record<string, { source: string; retrievedAt: string; prefixes: string[] }>;

/** The ranges behind the names in a policy that change over time, for its snapshot. A name that nobody knows has none. `undefined` when there are none. */
export function rangesNamedIn(policyJson: unknown, providers: Providers): SnapshotRanges | undefined {
  const ranges: SnapshotRanges = {};
  for (const name of [...new Set(namesIn(policyJson))].sort()) {
    const provider = providers.get(name);
    if (provider === undefined || provider.isFixed) continue;
    const { source, retrievedAt, prefixes } = rangeListOf(name, provider);
    ranges[name] = { source, retrievedAt, prefixes: [...prefixes] };
  }
  return Object.keys(ranges).length === 0 ? undefined : ranges;
}

/** What `provider:NAME` means in a snapshot: what it says itself, and what `others` says of all other names. */
export function providersWith(ranges: SnapshotRanges | undefined, others: Providers = ALL_PROVIDERS): Providers {
  if (ranges === undefined) return others;
  return withRangeLists(
    others,
    Object.entries(ranges).map(([provider, list]) => ({ provider, ...list })),
  );
}

/** Nothing in a policy but the entry of a trust list can begin like one: the name of a header has no colon. */
function namesIn(json: unknown): readonly string[] {
  if (typeof json === "string") return json.startsWith(PROVIDER_MARK) ? [json.slice(PROVIDER_MARK.length)] : [];
  return typeof json === "object" && json !== null ? Object.values(json).flatMap(namesIn) : [];
}

function isCanonicalPlausible(text: string): boolean {
  const reading = parsePrefix(text);
  return reading.kind === "prefix" && reading.prefix.text === text && isPlausiblePrefix(reading.prefix);
}

function isFixed(name: string): boolean {
  return ALL_PROVIDERS.get(name)?.isFixed === true;
}
