import { type Prefix, parsePrefix, prefixesOverlap, SPECIAL_RANGES } from "wherefrom";
import { covers } from "../trust.ts";
import type { Match } from "./rule.ts";

/** What is known of connections of one sort before there is one. */
export type Connection = {
  /** Whether the client has a public address or a private one. */
  readonly from: "outside" | "inside";
  /** `undefined` where the rules do not tell for which they are. */
  readonly family: 4 | 6 | undefined;
  /** The interfaces that it may come in by. */
  readonly inInterfaces?: readonly string[];
  readonly destination?: string;
  readonly protocol?: string;
  readonly port?: string;
  readonly isRedirected: boolean;
};

/** Whether something holds: for each such connection, for none, or for some. */
export type Answer = "yes" | "no" | "open";

/** Whether connections fit what a rule asks for. */
export function holds(match: Match, connection: Connection): Answer {
  const answer = match.values === undefined ? "open" : remembered(match.kind, { values: match.values, connection });
  if (!match.isNegated || answer === "open") return answer;
  return answer === "yes" ? "no" : "yes";
}

/** The last answers on a set of values. Rules share sets, and many are asked of one sort of connections. */
const known = new WeakMap<readonly string[], Map<string, Answer>>();
const MAX_KNOWN = 16;

function remembered(kind: Match["kind"], asked: Asked): Answer {
  const key = JSON.stringify([kind, aspectOf(kind, asked.connection)]);
  const answers = known.get(asked.values) ?? new Map<string, Answer>();
  known.set(asked.values, answers);
  const answer = answers.get(key) ?? positive(kind, asked);
  if (answers.size >= MAX_KNOWN) answers.clear();
  answers.set(key, answer);
  return answer;
}

/** What of a connection decides about values of a kind. */
function aspectOf(kind: Match["kind"], connection: Connection): unknown {
  switch (kind) {
    case "source":
      return connection.from;
    case "destination":
      return connection.destination;
    case "in-interface":
      return connection.inInterfaces;
    case "protocol":
      return connection.protocol;
    case "port":
      return connection.port;
    case "family":
      return connection.family;
    case "redirected":
      return connection.isRedirected;
    case "out-interface":
    case "other":
      return undefined;
  }
}

type Asked = { readonly values: readonly string[]; readonly connection: Connection };

function positive(kind: Match["kind"], { values, connection }: Asked): Answer {
  const { destination, family, inInterfaces, isRedirected, port, protocol } = connection;
  switch (kind) {
    case "source":
      return any(values.map((value) => sourceIn(value, connection.from)));
    case "destination":
      return any(values.map((value) => destinationIn(value, destination)));
    case "in-interface":
      return inInterfaces === undefined ? "open" : any(values.map((value) => interfaceIs(value, inInterfaces)));
    case "out-interface":
      return "open";
    case "protocol":
      return protocol === undefined ? "open" : any(values.map((value) => sameProtocol(value, protocol)));
    case "port":
      return port === undefined ? "open" : any(values.map((value) => portIn(value, port)));
    case "family":
      return family === undefined ? "open" : values.includes(String(family)) ? "yes" : "no";
    case "redirected":
      return isRedirected ? "yes" : "no";
    case "other":
      return "open";
  }
}

function any(answers: readonly Answer[]): Answer {
  if (answers.includes("yes")) return "yes";
  return answers.includes("open") ? "open" : "no";
}

function prefixIn(text: string): Prefix | undefined {
  const reading = parsePrefix(text);
  if (reading.kind === "prefix") return reading.prefix;
  const other = reading.kind === "host-bits-set" ? parsePrefix(reading.suggestion) : reading;
  return other.kind === "prefix" ? other.prefix : undefined;
}

/** Whether a network is a part of a private one. */
function isPrivate(text: string): boolean {
  const prefix = prefixIn(text);
  return (
    prefix !== undefined &&
    SPECIAL_RANGES.some((range) => range.isLocal && prefix.length >= range.prefix.length && prefixesOverlap(range.prefix, prefix))
  );
}

const allPrivate = new WeakMap<readonly string[], boolean>();

/** Whether all networks of a set are parts of private ones. Rules share sets. */
export function arePrivate(values: readonly string[]): boolean {
  const are = allPrivate.get(values) ?? values.every(isPrivate);
  allPrivate.set(values, are);
  return are;
}

function sourceIn(value: string, from: Connection["from"]): Answer {
  const prefix = prefixIn(value);
  if (prefix === undefined) return "open";
  if (prefix.length === 0) return "yes";
  const isInner = SPECIAL_RANGES.some((range) => range.isLocal && prefixesOverlap(range.prefix, prefix));
  if (from === "inside") return isInner ? "open" : "no";
  return isPrivate(value) ? "no" : "open";
}

function destinationIn(value: string, destination: string | undefined): Answer {
  const prefix = prefixIn(value);
  if (prefix === undefined) return "open";
  if (destination === undefined) return prefix.length === 0 ? "yes" : "open";
  return covers(prefix.text, destination) ? "yes" : "no";
}

function interfaceIs(value: string, known: readonly string[]): Answer {
  if (/[*+]$/.test(value)) return "open";
  if (!known.includes(value)) return "no";
  return known.length === 1 ? "yes" : "open";
}

const PROTOCOL_NUMBERS: Readonly<Record<string, string>> = { "6": "tcp", "17": "udp", "132": "sctp" };

function sameProtocol(value: string, protocol: string): Answer {
  const name = PROTOCOL_NUMBERS[value] ?? value;
  return name === "all" || name === "0" || name === protocol ? "yes" : "no";
}

function portIn(value: string, port: string): Answer {
  const [, low, high = low] = /^(\d{1,5})(?:[-:](\d{1,5}))?$/.exec(value) ?? [];
  if (low === undefined || !/^\d+$/.test(port)) return value === port ? "yes" : "open";
  return Number(port) >= Number(low) && Number(port) <= Number(high) ? "yes" : "no";
}
