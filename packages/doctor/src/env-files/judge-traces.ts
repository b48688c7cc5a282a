import type { EnvFinding, EnvPlace } from "./finding.ts";
import { profileOf } from "./profile.ts";
import type { KeyTrace, Trace } from "./trace.ts";

/** What is odd in how loaders that are used find their files. */
export function judgeTraces(traces: readonly Trace[]): readonly EnvFinding[] {
  return [...traces.flatMap(judgeTrace), ...judgePlaces(traces)];
}

function judgeTrace(trace: Trace): readonly EnvFinding[] {
  const { candidates, because, keys, loader, climbs } = trace;
  if (because === undefined) return [];
  const at = { path: because.path, line: because.line, loaders: [loader] };
  const read = candidates.filter(({ state }) => state === "read");
  const [found] = read;
  const findings: EnvFinding[] = [];
  if (climbs && candidates[0]?.state === "absent") {
    if (found !== undefined) findings.push({ ...at, kind: "climbs", severity: "warning", others: [{ path: found.path, line: 0 }] });
    else findings.push({ ...at, kind: "climbs-out", severity: "note" });
  }
  const missing = candidates.filter(({ state }) => state === "absent" || state === "outside").map(({ path }) => ({ path, line: 0 }));
  if (!climbs && found === undefined && missing.length > 0)
    findings.push({ ...at, kind: "file-missing", severity: "warning", others: missing });
  return [...findings, ...keys.flatMap((key) => judgeKey(key, trace))];
}

function judgeKey({ key, winner, shadowed, process }: KeyTrace, { loader }: Trace): readonly EnvFinding[] {
  const hidden = shadowed.filter(({ path, value }) => path !== winner.path && JSON.stringify(value) !== JSON.stringify(winner.value));
  const at = { path: winner.path, line: winner.line, key, loaders: [loader] };
  const differs = process !== undefined && !(winner.value.kind === "text" && winner.value.text === process.value);
  return [
    ...(hidden.length > 0
      ? [{ ...at, kind: "shadowed", severity: "note", others: hidden.map(({ path, line }) => ({ path, line })) } as const]
      : []),
    ...(differs ? [{ ...at, kind: "process-wins", severity: "warning" } as const] : []),
  ];
}

/** One line that reads different files from different folders, with different values for a key. */
function judgePlaces(traces: readonly Trace[]): readonly EnvFinding[] {
  const open = traces.filter(({ isPlaceCertain, isAssumed }) => !isPlaceCertain && !isAssumed);
  return [...groupByUsage(open).values()].flatMap((alternatives) => {
    const [first] = alternatives;
    if (first?.because === undefined) return [];
    const { foldsCase } = profileOf(first.loader);
    const winners = new Map<string, { key: string; byValue: Map<string, EnvPlace> }>();
    for (const { key, winner } of alternatives.flatMap(({ keys }) => keys)) {
      const folded = foldsCase ? key.toLowerCase() : key;
      const known = winners.get(folded) ?? { key, byValue: new Map<string, EnvPlace>() };
      known.byValue.set(JSON.stringify(winner.value), { path: winner.path, line: winner.line });
      winners.set(folded, known);
    }
    return [...winners.values()].flatMap(({ key, byValue }) => {
      if (byValue.size < 2 || first.because === undefined) return [];
      const { path, line } = first.because;
      return [
        { kind: "place-decides", severity: "warning", path, line, key, others: [...byValue.values()], loaders: [first.loader] } as const,
      ];
    });
  });
}

function groupByUsage(traces: readonly Trace[]): ReadonlyMap<string, readonly Trace[]> {
  const groups = new Map<string, Trace[]>();
  for (const trace of traces) {
    const name = `${trace.loader} ${trace.because?.path}:${trace.because?.line}`;
    groups.set(name, [...(groups.get(name) ?? []), trace]);
  }
  return groups;
}
