import type { Language } from "@wherefrom/diagnosis";
import { type ConfigReading, type Finding, notationOf, type Passage, type Place } from "@wherefrom/proxies";
import { parsePrefix } from "wherefrom";
import type { ConfigExamination } from "../config-files/examine-configs.ts";
import type { Way } from "../config-files/way.ts";
import { type Block, type Document, type Line, listingOf, type Piece } from "./document.ts";
import { type Phrase, phrasesIn, plainIn } from "./phrase.ts";

type Telling = { readonly say: Phrase; readonly plain: ReturnType<typeof plainIn> };

/** Tells what configurations do to the client address. */
export function configDocument(examination: ConfigExamination, language: Language): Document {
  const telling: Telling = { say: phrasesIn(language), plain: plainIn(language) };
  const { readings, ways } = examination;
  return {
    title: telling.plain("configTitle"),
    language,
    blocks: [
      ...readings.flatMap((reading) => readingBlocks(reading, telling)),
      ...(ways.length === 0 ? [] : waysBlocks(ways, telling)),
      ...probeBlocks(examination, telling),
    ],
  };
}

/** What came of holding it against a probe. */
function probeBlocks({ probe, disagreements }: ConfigExamination, telling: Telling): readonly Block[] {
  if (probe === "unheld") return [];
  return [
    { kind: "heading", text: [telling.plain("configProbe")] },
    ...(probe === "agrees"
      ? [{ kind: "paragraph", text: telling.say("configProbeAgrees") } as const]
      : findingBlocks(disagreements, telling)),
  ];
}

function readingBlocks(reading: ConfigReading, telling: Telling): readonly Block[] {
  const { say, plain } = telling;
  const { file, kind, statements, others, findings, passages, issues } = reading;
  const slots = {
    kind: kind ?? plain("configUnknownKind"),
    statements: String(statements),
    others: String(Object.values(others).reduce((sum, count) => sum + count, 0)),
    findings: String(findings.length),
  };
  const rows = passages.map((passage): readonly Line[] => [
    [placePiece(passage.place)],
    [{ kind: "name", text: passage.name }],
    notationLine(passage),
  ]);
  return [
    { kind: "heading", text: [{ kind: "given", text: file }] },
    { kind: "paragraph", text: say("configSummary", slots) },
    ...findingBlocks(findings, telling),
    ...(rows.length === 0
      ? []
      : [
          { kind: "heading", text: [plain("configPassages")] } as const,
          { kind: "table", head: [plain("configPlace"), plain("configName"), plain("configDoes")], rows } as const,
        ]),
    ...(issues.length === 0
      ? []
      : [
          { kind: "heading", text: [plain("configIssues")] } as const,
          {
            kind: "list",
            items: issues.map(({ place, expected, given, code }) => say("configIssue", { at: placePiece(place), expected, given, code })),
          } as const,
        ]),
  ];
}

function findingBlocks(findings: readonly Finding[], { say, plain }: Telling): readonly Block[] {
  return findings.flatMap(({ code, severity, place, what, others, more, fix }): readonly Block[] => {
    const word = { error: plain("configError"), warning: plain("envWarning"), note: plain("envNote") }[severity];
    const at: Line = [placePiece(place)];
    const elsewhere: Line[] = [...others.map((other) => [placePiece(other)]), ...(more === undefined ? [] : [[`+ ${more}`]])];
    const slots = { at, what: written(what), others: joined(elsewhere), places: joined([at, ...elsewhere]) };
    const text: Line = [`${word}: `, ...say(`config.${code}`, slots), ` (${code})`];
    return [{ kind: "paragraph", text }, ...(fix === undefined ? [] : [listingOf(fix)])];
  });
}

function waysBlocks(ways: readonly Way[], { plain }: Telling): readonly Block[] {
  const rows = ways.map(({ passages, arrives, result }): readonly Line[] => [
    joined(passages.map(({ place }) => [placePiece(place)])),
    [arrives ?? plain("wayResult.unknown")],
    [plain(`wayResult.${result}`)],
  ]);
  return [
    { kind: "heading", text: [plain("configWays")] },
    { kind: "table", head: [plain("configName"), plain("configArrives"), plain("configResult")], rows },
  ];
}

function placePiece({ file, line, column }: Place): Piece {
  return { kind: "given", text: `${file}:${line}:${column}` };
}

function joined(lines: readonly Line[]): Line {
  return lines.flatMap((line, index) => (index === 0 ? line : [", ", ...line]));
}

/** Text of a configuration: what is an address in it names somebody. */
function written(text: string): Line {
  return text
    .split(/([0-9]+(?:\.[0-9]+){3}(?:\/[0-9]+)?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:\/[0-9]+)?)/)
    .filter((part) => part !== "")
    .map((part): Piece => ({ kind: parsePrefix(part).kind === "not-a-prefix" ? "given" : "address", text: part }));
}

/** What a way does. Where it leads to names somebody. */
function notationLine(passage: Passage): Line {
  const text = notationOf(passage);
  const target = passage.kind === "service" ? undefined : passage.target;
  if (target === undefined || !text.endsWith(target)) return written(text);
  return [...written(text.slice(0, text.length - target.length)), { kind: "name", text: target }];
}
