import type { NetworkPassage } from "./description.ts";
import { type Finding, type FindingSeverity, findingAt } from "./finding.ts";
import { fixFor } from "./fixes.ts";

/** Judges where a packet filter takes the source of a connection away, which nothing behind it can bring back. */
export function judgeNetwork({ from, name, product, sources }: NetworkPassage): readonly Finding[] {
  return sources
    .filter(({ source }) => source.kind !== "kept")
    .map(({ condition, isExpected, place }) => {
      const open: FindingSeverity = isExpected ? "warning" : "note";
      const severity = from === "inside" ? "note" : condition === undefined ? "error" : open;
      const what = [from, name, ...(condition === undefined ? [] : [condition])].join("; ");
      return findingAt(place, { code: "FINDING_SOURCE_REWRITTEN", severity, what, ...(severity !== "note" && fixFor("source", product)) });
    });
}
