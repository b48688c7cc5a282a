import type { EscapeStyle, Layout } from "../format/layout.ts";
import { type EvidenceRole, isEvidence, isWanted } from "../format/role.ts";
import { parseLogTime } from "../log-time.ts";
import { ByteFinder } from "./byte-finder.ts";
import { createReadLine, type LineReader, preambleIn, type ReadLine } from "./line-reader.ts";

const SPACE = 0x20;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const BAD_REQUEST = 400;

/** Values without blanks. */
const WORDS: ReadonlySet<string> = new Set(["peer", "status", "word"]);

/** Stands for the end of a line, and for no byte. */
const NO_BYTE = -1;

/** Reads lines by a layout, each byte once, without making text of it. */
export function createTextReader(layout: Layout, policyHeaders: ReadonlySet<string>): LineReader {
  return new TextReader(layout, policyHeaders);
}

/** A class, as its fields are what the loop over a line's bytes works with. */
class TextReader implements LineReader {
  readonly evidence: readonly EvidenceRole[];
  readonly escapeStyle: EscapeStyle;
  readonly line: ReadLine;
  readonly #lead: Uint8Array;
  readonly #untils: readonly Uint8Array[];
  /** The byte that ends each value. */
  readonly #stops: Int32Array;
  /** Whether a byte behind a backslash ends nothing. */
  readonly #isEscaping: boolean;
  readonly #finder = new ByteFinder();
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  /** Which values are evidence, and whether a port stands behind them. */
  readonly #picked: readonly { readonly at: number; readonly hasPort: boolean }[];
  readonly #timeAt: number;
  readonly #statusAt: number;
  readonly #requestAt: number;
  readonly #agentAt: number;
  /** Values that have no blank in them and do not end at one. */
  readonly #words: readonly number[];
  /** The time that was read last: lines of the same second have the same. */
  #timeText: Uint8Array = new Uint8Array();

  constructor({ lead, values, escape: style }: Layout, policyHeaders: ReadonlySet<string>) {
    const roles = values.map(({ role }) => role);
    const indexOf = (kind: string): number => roles.findIndex((role) => role.kind === kind);
    this.escapeStyle = style;
    this.#lead = lead;
    this.#untils = values.map(({ until }) => until);
    this.#stops = Int32Array.from(values, ({ until }) => until[0] ?? NO_BYTE);
    this.#isEscaping = style === "backslash";
    this.#starts = new Int32Array(values.length);
    this.#ends = new Int32Array(values.length);
    const evidence = values.flatMap(({ role, parts = [] }, at) =>
      [role, ...parts].flatMap((one) => (isEvidence(one) && isWanted(one, policyHeaders) ? [{ role: one, at }] : [])),
    );
    this.evidence = evidence.map(({ role }) => role);
    this.#picked = evidence.map(({ role, at }) => ({ at, hasPort: role.kind === "peer" && role.hasPort }));
    this.line = createReadLine(evidence.length);
    this.#timeAt = indexOf("time");
    this.#statusAt = indexOf("status");
    this.#requestAt = indexOf("request");
    this.#agentAt = roles.findIndex((role) => role.kind === "header" && role.name === "user-agent");
    this.#words = values.flatMap(({ role, until }, at) =>
      WORDS.has(role.kind) && !(until.length === 1 && until[0] === SPACE) ? [at] : [],
    );
  }

  read(bytes: Buffer, start: number, end: number): boolean {
    return this.#cut(bytes, start, end) && this.#readStatus(bytes) && this.#readTime(bytes) && this.#pick(bytes);
  }

  agent(): string {
    return this.#agentAt === -1 ? "" : this.line.source.toString("latin1", this.#starts[this.#agentAt], this.#ends[this.#agentAt]);
  }

  /** Finds where each value begins and ends. */
  #cut(bytes: Buffer, start: number, end: number): boolean {
    const stops = this.#stops;
    const starts = this.#starts;
    const ends = this.#ends;
    const finder = this.#finder;
    const lead = this.#lead;
    finder.open(bytes);
    if (lead.length > 0 && !standsAt(lead, bytes, start)) return false;
    let at = start + lead.length;
    for (let value = 0; value < stops.length; value++) {
      starts[value] = at;
      const stop = stops[value] as number;
      if (stop === NO_BYTE) {
        ends[value] = end;
        at = end;
        break;
      }
      const until = this.#untils[value] as Uint8Array;
      for (at = finder.find(stop, at, end); ; at = finder.find(stop, at + 1, end)) {
        if (at >= end) return false;
        if (until.length > 1 && !standsAt(until, bytes, at)) continue;
        if (!this.#isEscaping || bytes[at - 1] !== BACKSLASH || !isEscaped(bytes, starts[value] as number, at)) break;
      }
      ends[value] = at;
      at += until.length;
    }
    return at === end && this.#words.every((value) => !hasSpace(bytes, starts[value] as number, ends[value] as number));
  }

  /** One to three digits, or `-` where there was none. A line whose values have been shifted has something else here. */
  #readStatus(bytes: Buffer): boolean {
    this.line.status = 0;
    if (this.#statusAt === -1) return true;
    const start = this.#starts[this.#statusAt] as number;
    const end = this.#ends[this.#statusAt] as number;
    if (end - start === 1 && bytes[start] === 0x2d) return true;
    if (start === end || end - start > 3) return false;
    let status = 0;
    for (let at = start; at < end; at++) {
      const digit = (bytes[at] as number) - ZERO;
      if (digit >>> 0 > 9) return false;
      status = status * 10 + digit;
    }
    this.line.status = status;
    return true;
  }

  #readTime(bytes: Buffer): boolean {
    if (this.#timeAt === -1) return true;
    const start = this.#starts[this.#timeAt] as number;
    const end = this.#ends[this.#timeAt] as number;
    const known = this.#timeText;
    if (end - start === known.length && known.length > 0 && endsAlike(known, bytes, end)) return true;
    const time = end - start > 40 ? undefined : parseLogTime(bytes.toString("latin1", start, end));
    if (time === undefined) return false;
    this.#timeText = Uint8Array.from(bytes.subarray(start, end));
    this.line.time = time;
    return true;
  }

  #pick(bytes: Buffer): boolean {
    const { line } = this;
    const { starts, ends } = line;
    line.source = bytes;
    for (let index = 0; index < this.#picked.length; index++) {
      const { at, hasPort } = this.#picked[index] as { at: number; hasPort: boolean };
      const start = this.#starts[at] as number;
      let end = this.#ends[at] as number;
      if (hasPort) end = beforePort(bytes, start, end);
      starts[index] = start;
      ends[index] = end;
    }
    line.preamble = 0;
    if (line.status === BAD_REQUEST && this.#requestAt !== -1) {
      line.preamble = preambleIn(bytes.toString("latin1", this.#starts[this.#requestAt], this.#ends[this.#requestAt]));
    }
    return true;
  }
}

/** Whether an odd number of backslashes stands before it. */
function isEscaped(bytes: Buffer, start: number, at: number): boolean {
  let before = at;
  while (before > start && bytes[before - 1] === BACKSLASH) before--;
  return (at - before) % 2 === 1;
}

function standsAt(text: Uint8Array, bytes: Buffer, at: number): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text[index]) return false;
  return true;
}

/** Times of one log differ at their ends first. */
function endsAlike(text: Uint8Array, bytes: Buffer, end: number): boolean {
  const start = end - text.length;
  for (let index = text.length - 1; index >= 0; index--) if (bytes[start + index] !== text[index]) return false;
  return true;
}

function hasSpace(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === SPACE) return true;
  return false;
}

/** Where the address ends that has a port behind it: at its last colon. */
export function beforePort(bytes: Buffer, start: number, end: number): number {
  let at = end - 1;
  while (at > start && ((bytes[at] as number) - ZERO) >>> 0 <= 9) at--;
  return at > start && bytes[at] === COLON ? at : end;
}
