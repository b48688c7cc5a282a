import { createResolver, type Evidence, parsePolicy, type Resolution, type Resolver } from "wherefrom";

/** What the flow variables of one exchange are computed from. */
export type FlowVariableSource = { readonly resolution: Resolution; readonly evidence: Evidence };

type FlowVariable = {
  /** As it is written in a condition; `NAME` stands for a header name, `N` for a number from 1. */
  readonly name: string;
  readonly meaning: string;
};

type FixedVariable = FlowVariable & { readonly read: (source: FlowVariableSource) => string | undefined };

/** Reads the peer as an address, by the library's rules and not by a second reader. */
const peerReader: Resolver = createResolver(parsePolicy({ peerAddressAlgorithm: {} }));

/** Reads the last hop of X-Forwarded-For, or else the peer. It says what the neighbour claims: not who the client is. */
const lastHopReader: Resolver = createResolver(
  parsePolicy({ headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1 }, fallback: "PEER" }),
);

/** `client.ip`: it needs no resolution. */
export function peerAddress(evidence: Evidence): string | undefined {
  return peerReader.resolve(evidence).ip ?? undefined;
}

/** `proxy.client.ip`: it needs no resolution. */
export function lastHopAddress(evidence: Evidence): string | undefined {
  return lastHopReader.resolve(evidence).ip ?? undefined;
}

const fixedVariables: readonly FixedVariable[] = [
  {
    name: "client.ip",
    meaning: "The peer: the far end of the connection",
    read: ({ evidence }) => peerAddress(evidence),
  },
  {
    name: "client.resolved.ip",
    meaning: "The resolved client; unset when there is no address",
    read: ({ resolution }) => resolution.ip ?? undefined,
  },
  {
    name: "client_ip_resolution.algorithm",
    meaning:
      "The configured algorithm, also after a fallback; `default` when nothing is configured, `SignedHop{…}` when another gateway resolved",
    read: ({ resolution }) => resolution.algorithm,
  },
  {
    name: "client_ip_resolution.key",
    meaning: "What to rate-limit by: the address, or its network for IPv6",
    read: ({ resolution }) => resolution.key ?? undefined,
  },
  {
    name: "client_ip_resolution.reason",
    meaning: "Why the configured algorithm gave no address; unset when it gave one",
    read: ({ resolution }) => resolution.reason,
  },
  {
    name: "client_ip_resolution.resolved.ip",
    meaning: "The same as `client.resolved.ip`",
    read: ({ resolution }) => resolution.ip ?? undefined,
  },
  { name: "client_ip_resolution.trust", meaning: "`verified` or `unverified`", read: ({ resolution }) => resolution.trust },
  {
    name: "client_ip_resolution.used.fallback",
    meaning:
      '`"true"` when the configured algorithm gave no address and the fallback gave one, else `"false"`; not configured is no fallback',
    read: ({ resolution }) => String(resolution.outcome === "fallback"),
  },
  {
    name: "proxy.client.ip",
    meaning: "The last hop of X-Forwarded-For if it is an address, else the peer",
    read: ({ evidence }) => lastHopAddress(evidence),
  },
];

const headerVariables: readonly FlowVariable[] = [
  { name: "request.header.NAME", meaning: "The header's first value: its text up to the first comma" },
  { name: "request.header.NAME.N", meaning: "The header's Nth value from the left, from 1 (an index of a policy counts from 0)" },
  { name: "request.header.NAME.values.count", meaning: "How many values the header has; `0` when it is absent" },
  { name: "request.header.NAME.values.string", meaning: "The whole header; repeated lines joined with a comma" },
];

const fixedByName: ReadonlyMap<string, FixedVariable> = new Map(fixedVariables.map((variable) => [variable.name, variable]));

/** Every flow variable, for documentation and for choosing one. `docs/flow-variables.md` lists the same names. */
export const flowVariableTable: readonly FlowVariable[] = [...fixedVariables, ...headerVariables];

/**
 * One flow variable of an exchange, computed when asked for; `undefined` when it is unset or there is none of that name.
 *
 * The values of a header are the comma-separated parts of all its lines in wire order, trimmed of SP and HTAB, empty ones left out.
 * They are plain text: a comma in quotes separates too, and nothing is read as an address. A value comes from the client: escape it before printing.
 * A header whose own name ends in `.N` or `.values.count` cannot be named whole.
 *
 * Source: Apigee, "Flow variables reference", client, proxy, request; `trust`, `reason` and `key` are Wherefrom's own.
 */
export function flowVariable(name: string, source: FlowVariableSource): string | undefined {
  const fixed = fixedByName.get(name);
  if (fixed !== undefined) return fixed.read(source);
  if (!name.startsWith(HEADER_PREFIX)) return undefined;
  return headerVariable(name.slice(HEADER_PREFIX.length), source.evidence);
}

/**
 * The flow variables that are set, as a record: all the fixed ones, and of each header in `headers` the whole, the count and each of the
 * first `maxValues` values.
 */
export function flowVariables(
  source: FlowVariableSource,
  options: { readonly headers: readonly string[]; readonly maxValues: number },
): Record<string, string> {
  const names = [...fixedByName.keys(), ...options.headers.flatMap((header) => headerVariableNames(header, options.maxValues))];
  const record: Record<string, string> = {};
  for (const name of names) {
    const value = flowVariable(name, source);
    if (value !== undefined) record[name] = value;
  }
  return record;
}

const HEADER_PREFIX = "request.header.";
const HEADER_VARIABLE = /^(?<header>[^\s:]+?)(?:\.(?<selector>values\.count|values\.string|[1-9]\d{0,8}))?$/;

function headerVariable(text: string, evidence: Evidence): string | undefined {
  const groups = HEADER_VARIABLE.exec(text)?.groups;
  const header = groups?.["header"];
  if (header === undefined) return undefined;
  const lines = evidence.lines(header.toLowerCase());
  const selector = groups?.["selector"];
  if (selector === "values.count") return String(valuesOf(lines).length);
  if (lines.length === 0) return undefined;
  if (selector === "values.string") return lines.join(", ");
  if (selector === undefined) return valuesOf(lines)[0] ?? "";
  return valuesOf(lines)[Number(selector) - 1];
}

function headerVariableNames(header: string, maxValues: number): string[] {
  const name = `${HEADER_PREFIX}${header}`;
  const numbered = Array.from({ length: maxValues }, (_, index) => `${name}.${index + 1}`);
  return [name, `${name}.values.count`, `${name}.values.string`, ...numbered];
}

/** RFC 9110 §5.6.1: elements separated by commas, surrounded by SP and HTAB; empty ones do not count. */
function valuesOf(lines: readonly string[]): string[] {
  return lines
    .flatMap((line) => line.split(","))
    .map(trimBlanks)
    .filter((value) => value !== "");
}

/** SP and HTAB only: `trim` would take NBSP and every other Unicode space with them. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text, start)) start += 1;
  while (end > start && isBlank(text, end - 1)) end -= 1;
  return text.slice(start, end);
}

function isBlank(text: string, index: number): boolean {
  return text[index] === " " || text[index] === "\t";
}
