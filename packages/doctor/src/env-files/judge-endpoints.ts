import type { FactValue } from "@wherefrom/diagnosis";
import type { EnvEntry } from "./dialect/reading.ts";
import { type DialectName, readDialect } from "./dialect/table.ts";
import type { EnvFinding } from "./finding.ts";
import type { ReadFile } from "./judge-files.ts";
import { endpointOf, isEndpointName } from "./secret.ts";
import type { KeyTrace, Trace } from "./trace.ts";

/** How much older a file has to be than one that differs from it to be called stale, in milliseconds: one day. */
const STALE_AFTER_MS = 86_400_000;

/** How a file is read when nobody knows by whom. */
const PLAIN: DialectName = "dotenv";

type EndpointSite = { readonly file: ReadFile["file"]; readonly line: number; readonly endpoint: string };

/** Keys that say where to connect and do not say the same in every file, and the older files among them. */
export function judgeEndpoints(files: readonly ReadFile[]): readonly EnvFinding[] {
  const sites = new Map<string, EndpointSite[]>();
  for (const { file, readers } of files) {
    for (const { key, line, endpoint } of endpointsIn(
      readDialect(readers[0] ?? PLAIN, { source: file.source, environment: new Map() }).entries,
    )) {
      sites.set(key, [...(sites.get(key) ?? []), { file, line, endpoint }]);
    }
  }
  return [...sites].flatMap(([key, known]) => (new Set(known.map(({ endpoint }) => endpoint)).size < 2 ? [] : judgeSites(key, known)));
}

function endpointsIn(entries: readonly EnvEntry[]): readonly { key: string; line: number; endpoint: string }[] {
  const last = new Map(entries.map((entry) => [entry.key, entry]));
  return [...last.values()].flatMap(({ key, line, value }) => {
    const endpoint = value.kind === "text" ? endpointOf(key, value.text) : undefined;
    return endpoint === undefined ? [] : [{ key, line, endpoint }];
  });
}

function judgeSites(key: string, sites: readonly EndpointSite[]): readonly EnvFinding[] {
  const [newest, ...older] = sites.toSorted((first, second) => second.file.modifiedMs - first.file.modifiedMs);
  if (newest === undefined) return [];
  const placeOf = ({ file: { path }, line }: EndpointSite): { path: string; line: number } => ({ path, line });
  const differing = older.filter(({ endpoint }) => endpoint !== newest.endpoint);
  const stale = differing.filter(({ file }) => newest.file.modifiedMs - file.modifiedMs > STALE_AFTER_MS);
  return [
    { kind: "endpoint-differs", severity: "warning", ...placeOf(newest), key, others: differing.map(placeOf) },
    ...stale.map((site) => ({ kind: "stale", severity: "warning", ...placeOf(site), key, others: [placeOf(newest)] }) as const),
  ];
}

/**
 * What the tree says for a diagnosis. `env.winner` only when every loader that is used takes its endpoints in the same way: which of them serves the client in question, the tree does not say.
 */
export function factsOfEnvTree(traces: readonly Trace[], findings: readonly EnvFinding[]): Readonly<Record<string, FactValue>> {
  const differing = new Set(findings.filter(({ kind }) => kind === "endpoint-differs").map(({ key }) => key));
  const winners = new Set(
    traces
      .filter(({ isAssumed }) => !isAssumed)
      .flatMap((trace) => trace.keys.filter(({ key }) => differing.has(key)).map((key) => winnerOf(key, trace))),
  );
  const [winner, ...others] = winners;
  const defects: readonly EnvFinding["kind"][] = ["byte-order-mark", "carriage-returns", "unclosed-quote", "not-text"];
  return {
    "env.shadowed": differing.size > 0 || findings.some(({ kind, key = "" }) => kind === "place-decides" && isEndpointName(key)),
    "env.parseDefect": findings.some(
      ({ kind, severity }) => severity === "warning" && (defects.includes(kind) || kind === "loaders-disagree"),
    ),
    ...(winner !== undefined && others.length === 0 && { "env.winner": winner }),
  };
}

function winnerOf({ winner, process, shadowed }: KeyTrace, trace: Trace): string {
  if (process !== undefined) return "process";
  if (trace.loader === "vite" || trace.loader === "next") return "buildTime";
  if (trace.climbs) return trace.candidates[0]?.path === winner.path ? "nearFile" : "parentFile";
  return shadowed.some(({ path }) => path !== winner.path) ? "laterFile" : "nearFile";
}
