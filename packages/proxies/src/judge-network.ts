import type { NetworkPassage, SourceCase, SourceRule } from "./description.ts";
import { type Finding, type FindingSeverity, findingAt, waysText } from "./finding.ts";
import { fixFor } from "./fixes.ts";

/** Judges where a packet filter takes the source of connections away, which nothing behind it can bring back. Told once for all ways that one rule does it on. */
export function judgeNetwork(passages: readonly NetworkPassage[]): readonly Finding[] {
  const groups = new Map<string, { readonly source: SourceCase; readonly severity: FindingSeverity; readonly ways: NetworkPassage[] }>();
  for (const passage of passages) {
    for (const source of passage.sources) {
      const severity = severityOf(source, passage);
      // each published port has a place of its own, and the same is true of all of them
      const rule = passage.product === "docker" ? "published" : source.place;
      const key = JSON.stringify([rule, source.condition, passage.from, severity]);
      const group = groups.get(key);
      if (group !== undefined) group.ways.push(passage);
      else if (severity !== undefined) groups.set(key, { source, severity, ways: [passage] });
    }
  }
  return [...groups.values()].flatMap(({ source, severity, ways }) => {
    const [first] = ways;
    if (first === undefined) return [];
    // the places of all of them stand beside it
    const told = waysText(ways.map(({ name }) => name));
    if (first.product === "docker") {
      const [, ...others] = ways.map(({ place }) => place);
      return [findingAt(source.place, { code: "FINDING_PORT_PUBLISHED", severity, what: told, others })];
    }
    const what = [first.from, ...(source.condition === undefined ? [] : [source.condition]), told].join("; ");
    const fix = severity === "note" ? {} : fixFor("source", first.product);
    return [findingAt(source.place, { code: "FINDING_SOURCE_REWRITTEN", severity, what, others: ways.map(({ place }) => place), ...fix })];
  });
}

function severityOf({ source, isExpected }: SourceCase, { from, sources }: NetworkPassage): FindingSeverity | undefined {
  if (!isRewritten(source)) return undefined;
  if (from === "inside") return isExpected ? "note" : undefined;
  if (sources.length === 1) return "error";
  return isExpected ? "warning" : "note";
}

function isRewritten(source: SourceRule): boolean {
  switch (source.kind) {
    case "interface":
    case "addresses":
      return true;
    case "kept":
    case "unknown":
      return false;
  }
}
