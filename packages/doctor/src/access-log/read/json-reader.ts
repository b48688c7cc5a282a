import type { JsonFields, JsonPath } from "../format/json-fields.ts";
import type { EvidenceRole } from "../format/role.ts";
import { parseLogTime, timeOfNumber } from "../log-time.ts";
import { createReadLine, type LineReader, LOOKAHEAD_BYTES, preambleIn } from "./line-reader.ts";
import { beforePort } from "./text-reader.ts";

/** Between the lines of one header, which JSON has as a list. */
export const LINE_BREAK = "\n";

/** Bytes that a UTF-16 unit takes at most in UTF-8. A byte that is none becomes one of three, so that a value may be longer than its line. */
const MAX_UNIT_BYTES = 3;

/** Reads lines that are JSON objects. A line that is none, or that lacks a readable time where the format has one, is malformed. */
export function createJsonReader(fields: JsonFields): LineReader {
  const line = createReadLine(fields.evidence.length);
  let store: Buffer = Buffer.alloc(4_096);
  const evidence = fields.evidence.map(({ role }) => role);
  let agent: unknown;
  return {
    evidence,
    escapeStyle: "none",
    line,
    agent: () => valueText(agent),
    read(bytes, start, end) {
      const object = parseObject(bytes, start, end);
      if (object === undefined) return false;
      let at = 0;
      for (const [index, { role, paths }] of fields.evidence.entries()) {
        const text = valueText(firstAt(object, paths));
        store = withRoom(store, at + text.length * MAX_UNIT_BYTES + LOOKAHEAD_BYTES);
        line.starts[index] = at;
        const written = at + store.write(text, at);
        line.ends[index] = hasPort(role) ? beforePort(store, at, written) : written;
        at = written;
      }
      line.source = store;
      line.status = statusOf(firstAt(object, fields.status));
      line.time = fields.time.length === 0 ? Number.NaN : timeOf(firstAt(object, fields.time));
      agent = firstAt(object, fields.agent);
      line.preamble = line.status === 400 ? preambleIn(valueText(firstAt(object, fields.request))) : 0;
      return fields.time.length === 0 || !Number.isNaN(line.time);
    },
  };
}

/** The same bytes in a memory of at least so many. */
function withRoom(store: Buffer, bytes: number): Buffer {
  if (store.length >= bytes) return store;
  const larger = Buffer.alloc(bytes * 2);
  store.copy(larger);
  return larger;
}

/** The line as an object, `undefined` when it is none. */
export function parseObject(bytes: Buffer, start: number, end: number): object | undefined {
  if (bytes[start] !== 0x7b) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8", start, end));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The first of several places where something stands. */
function firstAt(object: object, paths: readonly JsonPath[]): unknown {
  for (const path of paths) {
    const value = valueAt(object, path);
    if (value !== undefined && value !== null && value !== "") return value;
  }
  return undefined;
}

function valueAt(object: object, path: JsonPath): unknown {
  let value: unknown = object;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function hasPort(role: EvidenceRole): boolean {
  return role.kind === "peer" && role.hasPort;
}

/** A text, or the lines of a header. */
function valueText(value: unknown): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.filter((item) => typeof item === "string").join(LINE_BREAK) : "";
}

function statusOf(value: unknown): number {
  const status = typeof value === "number" ? value : typeof value === "string" && /^\d{1,3}$/.test(value) ? Number(value) : 0;
  return Number.isInteger(status) && status >= 0 && status <= 999 ? status : 0;
}

function timeOf(value: unknown): number {
  if (typeof value === "number") return timeOfNumber(value) ?? Number.NaN;
  return typeof value === "string" ? (parseLogTime(value) ?? Number.NaN) : Number.NaN;
}
