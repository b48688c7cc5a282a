import { type RangeList, rangeListOf, withRangeLists } from "@wherefrom/model";
import { ALL_PROVIDERS } from "wherefrom/providers";
import { printTable } from "./table.ts";

const DAY_MS = 86_400_000;
const SHOWN_DIGEST_LENGTH = 12;

/** Where a provider's ranges come from: fixed by a standard, part of the package, or a file of the folder. */
type Origin = "standard" | "built-in" | "file";

/** What is in force for one provider. */
export type RangeRow = {
  readonly provider: string;
  readonly prefixCount: number;
  readonly origin: Origin;
  readonly source: string;
  readonly retrievedAt: string;
  /** `null`: fixed by a standard, so it has no age. */
  readonly ageDays: number | null;
  readonly isStale: boolean;
  readonly sha256: string;
};

export type RowOptions = { readonly nowMs: number; readonly maxAgeDays: number };

/** One row a provider, those of `lists` in place of what is built in. Sorted by name. */
export function rangeRows(lists: readonly RangeList[], { nowMs, maxAgeDays }: RowOptions): readonly RangeRow[] {
  const fromFiles = new Set(lists.map(({ provider }) => provider));
  return [...withRangeLists(ALL_PROVIDERS, lists)]
    .map(([name, known]): RangeRow => {
      const { isFixed } = known;
      const { provider, prefixes, source, retrievedAt, sha256 } = rangeListOf(name, known);
      const ageDays = isFixed ? null : Math.floor((nowMs - Date.parse(retrievedAt)) / DAY_MS);
      const origin = isFixed ? "standard" : fromFiles.has(provider) ? "file" : "built-in";
      const isStale = ageDays !== null && ageDays > maxAgeDays;
      return { provider, prefixCount: prefixes.length, origin, source, retrievedAt, ageDays, isStale, sha256 };
    })
    .sort((left, right) => (left.provider < right.provider ? -1 : 1));
}

/** The rows as a table for people. Safe for a terminal. */
export function printRangeRows(rows: readonly RangeRow[]): string {
  const cells = rows.map((row) => [
    row.provider,
    String(row.prefixCount),
    row.ageDays === null ? "-" : `${row.ageDays} d${row.isStale ? " STALE" : ""}`,
    row.origin,
    row.sha256.slice(0, SHOWN_DIGEST_LENGTH),
    row.source,
  ]);
  const table = [["provider", "prefixes", "age", "from", "digest", "source"], ...cells];
  return printTable(table);
}
