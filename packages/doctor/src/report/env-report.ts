import type { Language } from "@wherefrom/diagnosis";
import { veilValue } from "../env-files/env-json.ts";
import type { EnvTree } from "../env-files/env-tree.ts";
import type { EnvExamination } from "../env-files/examine.ts";
import type { EnvFinding } from "../env-files/finding.ts";
import { endpointOf, type Veil } from "../env-files/secret.ts";
import type { KeyTrace, Trace } from "../env-files/trace.ts";
import type { Block, Document, Line, Piece } from "./document.ts";
import { type Phrase, phrasesIn, plainIn } from "./phrase.ts";

/** One folder that was examined. */
export type ExaminedFolder = { readonly tree: EnvTree; readonly found: EnvExamination };

type Telling = { readonly say: Phrase; readonly plain: ReturnType<typeof plainIn>; readonly veil: Veil };

/** Tells what loaders make of the env files of some folders. No value of any key is in it, but where an endpoint leads. */
export function envDocument(
  folders: readonly ExaminedFolder[],
  { language, veil }: { readonly language: Language; readonly veil: Veil },
): Document {
  const telling: Telling = { say: phrasesIn(language), plain: plainIn(language), veil };
  return { title: telling.plain("envTitle"), language, blocks: folders.flatMap((folder) => folderBlocks(folder, telling)) };
}

function folderBlocks({ tree, found }: ExaminedFolder, telling: Telling): readonly Block[] {
  const { say, plain } = telling;
  const used = found.traces.filter(({ isAssumed }) => !isAssumed);
  const warnings = found.findings.filter(({ severity }) => severity === "warning");
  const notes = found.findings.filter(({ severity }) => severity === "note");
  return [
    { kind: "heading", text: [{ kind: "name", text: tree.root }] },
    {
      kind: "paragraph",
      text: say("envSummary", { files: String(tree.files.size), warnings: String(warnings.length), notes: String(notes.length) }),
    },
    ...listOf([...warnings, ...notes].map((finding) => findingLine(finding, telling))),
    ...section(plain("envEndpoints"), {
      head: [plain("envKey"), plain("envLeadsTo"), plain("envFrom"), plain("envTakenBy")],
      rows: endpointRows(found, telling),
    }),
    ...section(plain("envUsed"), {
      head: [plain("envLoader"), plain("envStarted"), plain("envBecause"), plain("envLooksAt")],
      rows: used.map((trace) => usedRow(trace, telling)),
    }),
    ...section(plain("envKeys"), {
      head: [plain("envLoader"), plain("envKey"), plain("envFrom"), plain("envValue"), plain("envHides")],
      rows: used.flatMap((trace) => keyRows(trace, telling)),
    }),
    ...section(plain("envAssumed"), {
      head: [plain("envStarted"), plain("envLooksAt"), plain("envLoader")],
      rows: assumedRows(found.traces, telling),
    }),
    { kind: "paragraph", text: say("envTags") },
  ];
}

function listOf(items: readonly Line[]): readonly Block[] {
  return items.length === 0 ? [] : [{ kind: "list", items }];
}

function section(title: string, { head, rows }: { head: readonly string[]; rows: readonly (readonly Line[])[] }): readonly Block[] {
  if (rows.length === 0) return [];
  return [
    { kind: "heading", text: [title] },
    { kind: "table", head, rows },
  ];
}

function findingLine({ kind, severity, path, line, key = "", others = [], loaders }: EnvFinding, { say, plain, veil }: Telling): Line {
  const slots = {
    at: placePiece(path, line),
    key: { kind: "given", text: veil.keyOf(key) } as const,
    others: joined(others.map((other) => [placePiece(other.path, other.line)])),
    loaders: loaders === undefined ? plain("envEveryLoader") : loaders.join(", "),
  };
  return [`${plain(severity === "warning" ? "envWarning" : "envNote")}: `, ...say(`env.${kind}`, slots)];
}

function placePiece(path: string, line: number): Piece {
  return { kind: "given", text: line === 0 ? path || "." : `${path}:${line}` };
}

function joined(lines: readonly Line[]): Line {
  return lines.flatMap((line, index) => (index === 0 ? line : [", ", ...line]));
}

/** One row for each place that gives an endpoint: what it is, and which loaders take it where. Those in use come first. */
function endpointRows({ traces }: EnvExamination, { plain, veil }: Telling): readonly (readonly Line[])[] {
  const rows = new Map<string, { cells: readonly Line[]; takers: string[] }>();
  for (const trace of traces) {
    for (const { key, winner, process, shadowed } of trace.keys) {
      for (const [site, isTaken] of [[winner, process === undefined] as const, ...shadowed.map((hidden) => [hidden, false] as const)]) {
        const endpoint = site.value.kind === "text" ? endpointOf(key, site.value.text) : undefined;
        if (endpoint === undefined) continue;
        const name = `${key} ${site.path}:${site.line} ${endpoint}`;
        const cells: readonly Line[] = [
          [{ kind: "given", text: veil.keyOf(key) }],
          [{ kind: "name", text: endpoint }],
          [placePiece(site.path, site.line)],
        ];
        const row = rows.get(name) ?? { cells, takers: [] };
        if (isTaken && !trace.isAssumed) row.takers.push(trace.loader);
        rows.set(name, row);
      }
    }
  }
  return [...rows.values()].map(({ cells, takers }) => [
    ...cells,
    [takers.length === 0 ? plain("envNobody") : [...new Set(takers)].join(", ")],
  ]);
}

function usedRow(trace: Trace, { plain }: Telling): readonly Line[] {
  const because = trace.because === undefined ? [] : [placePiece(trace.because.path, trace.because.line)];
  const place: Line = [placePiece(trace.place, 0), ...(trace.isPlaceCertain ? [] : [` (${plain("envPossibly")})`])];
  return [[trace.loader], place, because, candidateLine(trace, plain)];
}

function candidateLine({ candidates }: Trace, plain: Telling["plain"]): Line {
  return joined(
    candidates.map(({ path, state }) => [placePiece(path, 0), ...(state === "read" ? [] : [` (${plain(`envState.${state}`)})`])]),
  );
}

function keyRows(trace: Trace, { veil, plain }: Telling): readonly (readonly Line[])[] {
  return trace.keys.map(({ key, winner, shadowed, process }: KeyTrace) => {
    const value = process === undefined ? winner.value : ({ kind: "text", text: process.value } as const);
    const shown = veilValue(key, { value, veil });
    const cell: Line =
      "tag" in shown
        ? [...(shown.endpoint === undefined ? [] : [{ kind: "name", text: shown.endpoint } as const, " "]), `#${shown.tag}`]
        : [plain("envUnknown")];
    const hidden = process === undefined ? shadowed : [winner, ...shadowed];
    const from: Line = process === undefined ? [placePiece(winner.path, winner.line)] : [plain("envProcess")];
    return [
      [trace.loader],
      [{ kind: "given", text: veil.keyOf(key) }],
      from,
      cell,
      joined(hidden.map(({ path, line }) => [placePiece(path, line)])),
    ];
  });
}

/** Loaders that would take the same files in the same order share a row. */
function assumedRows(traces: readonly Trace[], { plain }: Telling): readonly (readonly Line[])[] {
  const rows = new Map<string, { trace: Trace; loaders: string[] }>();
  for (const trace of traces.filter(({ isAssumed }) => isAssumed)) {
    const read = trace.candidates.filter(({ state }) => state === "read");
    const name = JSON.stringify([trace.place, read]);
    const row = rows.get(name) ?? { trace: { ...trace, candidates: read }, loaders: [] };
    row.loaders.push(trace.loader);
    rows.set(name, row);
  }
  return [...rows.values()].map(({ trace, loaders }) => [
    [placePiece(trace.place, 0)],
    trace.candidates.length === 0 ? [plain("envNothing")] : candidateLine(trace, plain),
    [loaders.join(", ")],
  ]);
}
