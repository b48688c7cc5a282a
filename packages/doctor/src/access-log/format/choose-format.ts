import { escapeText, parseAddress } from "wherefrom";
import { LogError } from "../errors.ts";
import { LOG_LIMITS } from "../limits.ts";
import { parseObject } from "../read/json-reader.ts";
import { LineCutter } from "../read/line-cutter.ts";
import type { LineReader } from "../read/line-reader.ts";
import { createLogEvidence, type LogEvidence } from "../tally/log-evidence.ts";
import { readApacheFormat } from "./apache-format.ts";
import { readEnvoyFormat } from "./envoy-format.ts";
import { type FieldMapping, KNOWN_JSON } from "./json-fields.ts";
import { knownFormats, type NamedFormat } from "./known-formats.ts";
import type { Layout } from "./layout.ts";
import { createLineReader, type LogFormat } from "./log-format.ts";
import { readNginxFormat } from "./nginx-format.ts";

/** The format that a file's first lines have. */
export type ChosenFormat = {
  readonly format: LogFormat;
  /** How many of the first lines it was told by, and how many of them it fits. */
  readonly lines: number;
  readonly fits: number;
  /** Other formats that fit the same lines and say the same of who they are from. */
  readonly alsoFits: readonly string[];
  /** Forwarding headers that the log is known to have where a request has them, in lower case. */
  readonly headers: readonly string[];
};

export type FormatOptions = {
  /** A name, or a format string of nginx, Apache or Envoy. */
  readonly format?: string;
  readonly mappings: readonly FieldMapping[];
  /** Headers that policies read, in lower case. */
  readonly policyHeaders: ReadonlySet<string>;
};

/** A format has to fit at least this share of the first lines to be told by them. */
const MIN_SHARE = 0.5;

/**
 * Chooses the format of a file by its first lines.
 *
 * Errors: LOGS_FORMAT_UNKNOWN when none fits; LOGS_FORMAT_AMBIGUOUS when two fit equally well and differ in who a line is from; LOGS_FORMAT_INVALID for a format that cannot be read.
 */
export function chooseFormat(head: Buffer, { path, ...options }: FormatOptions & { readonly path: string }): ChosenFormat {
  const lines = linesOf(head);
  const candidates = candidatesFor(options);
  const { fitting, best } = bestOf(
    candidates.flatMap(({ formats }) => formats),
    { lines, options },
  );
  const [first, ...others] = fitting;
  const isTold = options.format !== undefined;
  if (first === undefined || best === 0 || (!isTold && best < lines.length * MIN_SHARE)) throw unknownFormat(lines, { path, ...options });
  const saysOf = (format: LogFormat): string => sayAll({ format, lines, options });
  const said = others.length === 0 ? "" : saysOf(first);
  const differing = others.filter((other) => saysOf(other) !== said);
  if (differing.length > 0 && !isTold) {
    const names = [...new Set([first, ...differing].map(({ name }) => name))].join(" and ");
    throw new LogError(
      "LOGS_FORMAT_AMBIGUOUS",
      `${escapeText(path)}: Its lines fit ${names}, which say different things of who they are from. Say which with --log-format`,
    );
  }
  const alsoFits = [...new Set(others.map(({ name }) => name))].filter((name) => name !== first.name);
  return { format: first, lines: lines.length, fits: best, alsoFits, headers: headersIn(first, { lines, options }) };
}

/** The formats that fit most lines, in their order, and how many those are. Those that fit the first line are tried first: nearly all others then are out at theirs. */
function bestOf(
  formats: readonly LogFormat[],
  about: Omit<Tried, "format">,
): { readonly fitting: readonly LogFormat[]; readonly best: number } {
  const start = { ...about, lines: about.lines.slice(0, 1) };
  const likely = formats.filter((format) => fitsOf({ ...start, format }, 0) > 0);
  let best = 0;
  const found = new Map<LogFormat, number>();
  for (const format of new Set([...likely, ...formats])) {
    const fits = fitsOf({ ...about, format }, best);
    found.set(format, fits);
    best = Math.max(best, fits);
  }
  return { fitting: formats.filter((format) => found.get(format) === best), best };
}

/** The forwarding headers that a log is known to have: those of its layout; of a known JSON log, which may leave members out, those that one of its first lines has. */
function headersIn(
  format: LogFormat,
  { lines, options: { policyHeaders } }: { readonly lines: readonly Buffer[]; readonly options: FormatOptions },
): readonly string[] {
  const isOptional = format.kind === "json" && KNOWN_JSON.some(({ name, hasAllHeaders }) => name === format.name && !hasAllHeaders);
  const objects = isOptional ? lines.map((line) => parseObject(line, 0, line.length)) : [];
  const isThere = (index: number): boolean =>
    format.kind === "text" ||
    !isOptional ||
    objects.some((object) => format.fields.evidence[index]?.paths.some((path) => hasMember(object, path)));
  const roles = createLineReader(format, policyHeaders).evidence;
  return [
    ...new Set(roles.flatMap((role, index) => ((role.kind === "header" || role.kind === "capture") && isThere(index) ? [role.name] : []))),
  ];
}

/** The formats that may be meant: all that are known, those of a name, or the one that a format string describes. */
function candidatesFor({ format, ...options }: FormatOptions): readonly NamedFormat[] {
  const known = knownFormats(options);
  if (format === undefined) {
    const named = known.find(({ name }) => name === "json");
    return named === undefined ? known : [named];
  }
  const named = known.filter(({ name }) => name === format);
  if (named.length > 0) return named;
  return [{ name: "format", formats: [{ kind: "text", name: "format", layout: parseLogFormat(format) }] }];
}

/**
 * Reads a format string: nginx's `log_format` (`$remote_addr …`), Apache's `LogFormat` (`%h …`) or Envoy's (`%START_TIME% …`).
 *
 * Errors: LOGS_FORMAT_INVALID.
 */
export function parseLogFormat(text: string, where: string = "--log-format"): Layout {
  if (/%[A-Z_]{2,}(?:\([^)]*\))?(?::\d+)?%/.test(text)) return readEnvoyFormat(text, where);
  if (/\$\{?\w/.test(text)) return readNginxFormat(text, where);
  if (/%[<>!0-9,]*(?:\{[^}]*\})?[a-zA-Z]/.test(text)) return readApacheFormat(text, where);
  throw new LogError(
    "LOGS_FORMAT_INVALID",
    `${where}: Expected a format's name, or a format string of nginx, Apache or Envoy, received ${escapeText(text, 80)}`,
  );
}

/** The first lines that are whole. */
function linesOf(head: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  const cutter = new LineCutter(
    {
      maxLineBytes: LOG_LIMITS.maxLineBytes,
      until: Number.POSITIVE_INFINITY,
      onLine: (bytes, { start, end }) => {
        if (lines.length < LOG_LIMITS.maxDetectLines) lines.push(Buffer.from(bytes.subarray(start, end)));
      },
      onTooLong: () => undefined,
    },
    { offset: 0, dropsFirst: false },
  );
  cutter.push(head);
  if (head.length < LOG_LIMITS.maxDetectBytes || lines.length === 0) cutter.end();
  return lines;
}

type Tried = { readonly format: LogFormat; readonly lines: readonly Buffer[]; readonly options: FormatOptions };

/** How many lines a format fits; fewer than that where it cannot come to `least` any more. */
function fitsOf(tried: Tried, least: number): number {
  let fits = 0;
  readFitting(tried, {
    maxMisses: tried.lines.length - least,
    onLine: () => {
      fits++;
    },
  });
  return fits;
}

/** All that a format says of who the lines are from that it fits. */
function sayAll(tried: Tried): string {
  const says: unknown[] = [];
  readFitting(tried, {
    maxMisses: tried.lines.length,
    onLine(reader, evidence) {
      const headers = reader.evidence.map((role) =>
        role.kind === "header" || role.kind === "capture" ? [role.name, evidence.lines(role.name)] : role.kind,
      );
      says.push([evidence.peer, ...headers, reader.line.status]);
    },
  });
  return JSON.stringify(says);
}

type Fitting = { readonly maxMisses: number; readonly onLine: (reader: LineReader, evidence: LogEvidence) => void };

/** Reads the lines that a format fits, until it has missed more than it may. */
function readFitting({ format, lines, options }: Tried, { maxMisses, onLine }: Fitting): void {
  const reader = createLineReader(format, options.policyHeaders);
  const evidence = createLogEvidence(reader.evidence, reader.escapeStyle);
  const doesFit = (line: Buffer): boolean => {
    if (!isMarked(format, line) || !reader.read(line, 0, line.length)) return false;
    evidence.read({ ...reader.line, text: reader.line.source.toString("latin1") });
    const { peer } = evidence;
    return peer === undefined || parseAddress(peer.replace(/^\[|\]$/g, "").replace(/%.*$/, "")) !== undefined;
  };
  let misses = 0;
  for (const line of lines) {
    if (doesFit(line)) onLine(reader, evidence);
    else if (++misses > maxMisses) return;
  }
}

/** Whether a line has what marks a known JSON log; every other format is marked by its own form. */
function isMarked(format: LogFormat, line: Buffer): boolean {
  const marks = format.kind === "json" ? KNOWN_JSON.find(({ name }) => name === format.name)?.marks : undefined;
  if (marks === undefined) return true;
  const object = parseObject(line, 0, line.length);
  return object !== undefined && marks.every((path) => hasMember(object, path));
}

function hasMember(object: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  if (typeof object !== "object" || object === null || !Object.hasOwn(object, name)) return false;
  return hasMember((object as Readonly<Record<string, unknown>>)[name], rest);
}

function unknownFormat(lines: readonly Buffer[], { path, ...options }: FormatOptions & { readonly path: string }): LogError {
  const where = escapeText(path);
  if (lines.length === 0) return new LogError("LOGS_FORMAT_UNKNOWN", `${where}: There is no line in it`);
  const first = escapeText((lines[0] as Buffer).toString("utf8"), 120);
  if (options.format !== undefined)
    return new LogError("LOGS_FORMAT_UNKNOWN", `${where}: No line fits --log-format. The first is ${first}`);
  const object = parseObject(lines[0] as Buffer, 0, (lines[0] as Buffer).length);
  const members =
    object === undefined
      ? ""
      : ` Its members are ${escapeText(Object.keys(object).join(", "), 200)}: say where things stand, as --field peer=NAME --field xff=NAME`;
  const names = knownFormats(options)
    .map(({ name }) => name)
    .join(", ");
  return new LogError(
    "LOGS_FORMAT_UNKNOWN",
    `${where}: Its lines fit no format that is known (${names}). The first is ${first}.${members === "" ? " Say it with --log-format, in the words of the server's own configuration" : members}`,
  );
}
