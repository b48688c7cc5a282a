import type { EscapeStyle, Layout } from "../format/layout.ts";
import { type EvidenceRole, isEvidence, isWanted } from "../format/role.ts";
import { parseLogTime } from "../log-time.ts";
import { type FixedText, findPattern, fixedText, patternOf, standsAt } from "./fixed-text.ts";
import { KnownTime } from "./known-time.ts";
import { createReadLine, type LineReader, LOOKAHEAD_BYTES, preambleIn, type ReadLine } from "./line-reader.ts";

const SPACE = 0x20;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const BAD_REQUEST = 400;

/** Values without blanks. */
const WORDS: ReadonlySet<string> = new Set(["peer", "status", "word"]);

/** What stands in `#stops` of one value: the byte that ends it, four times; the length of the text that does, its first four bytes, and which of their bits count. */
const STOP = { pattern: 0, length: 1, word: 2, mask: 3, width: 4 } as const;

const MAX_TIME_BYTES = 40;

const BLANKS = patternOf(SPACE);

/** Reads lines by a layout, each byte once, without making text of it. */
export function createTextReader(layout: Layout, policyHeaders: ReadonlySet<string>): LineReader {
  return new TextReader(layout, policyHeaders);
}

/** A class, as its fields are what the loop over a line's bytes works with. */
class TextReader implements LineReader {
  readonly evidence: readonly EvidenceRole[];
  readonly escapeStyle: EscapeStyle;
  readonly line: ReadLine;
  readonly #values: number;
  readonly #lead: FixedText;
  /** What ends each value; whole where it is longer than what is looked at first. */
  readonly #stops: Int32Array;
  readonly #longStops: readonly (FixedText | undefined)[];
  /** Whether a byte behind a backslash ends nothing. */
  readonly #isEscaping: boolean;
  /** The bytes that lines stand in now, as a view that ends where their memory does. */
  #source: Buffer | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** How far a line may reach there so that there is something behind it. */
  #reach = 0;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  /** Which values are evidence; and of each 1 where a port stands behind it. */
  readonly #picked: Int32Array;
  readonly #ported: Uint8Array;
  readonly #timeAt: number;
  readonly #statusAt: number;
  readonly #requestAt: number;
  readonly #agentAt: number;
  /** 1 for values without blanks that end at one: they end at the first. */
  readonly #endsAtBlank: Uint8Array;
  /** Other values without blanks. */
  readonly #words: Int32Array;
  readonly #knownTime = new KnownTime();
  #isTimeKnown = false;
  /** What ends the time. */
  readonly #timeUntil: string;

  constructor({ lead, values, escape: style }: Layout, policyHeaders: ReadonlySet<string>) {
    const roles = values.map(({ role }) => role);
    const indexOf = (kind: string): number => roles.findIndex((role) => role.kind === kind);
    this.escapeStyle = style;
    this.#values = values.length;
    this.#lead = fixedText(lead);
    this.#longStops = values.map(({ until }) => (until.length > 4 ? fixedText(until) : undefined));
    this.#stops = Int32Array.from(
      values.flatMap(({ until }) => {
        const { words, mask } = fixedText(until.subarray(0, 4));
        return [patternOf(until[0] ?? 0), until.length, words[0] ?? 0, mask];
      }),
    );
    this.#isEscaping = style === "backslash";
    this.#starts = new Int32Array(values.length);
    this.#ends = new Int32Array(values.length);
    const evidence = values.flatMap(({ role, parts = [] }, at) =>
      [role, ...parts].flatMap((one) => (isEvidence(one) && isWanted(one, policyHeaders) ? [{ role: one, at }] : [])),
    );
    this.evidence = evidence.map(({ role }) => role);
    this.#picked = Int32Array.from(evidence, ({ at }) => at);
    this.#ported = Uint8Array.from(evidence, ({ role }) => (role.kind === "peer" && role.hasPort ? 1 : 0));
    this.line = createReadLine(evidence.length);
    this.#timeAt = indexOf("time");
    this.#timeUntil = Buffer.from(values[this.#timeAt]?.until ?? []).toString("latin1");
    this.#statusAt = indexOf("status");
    this.#requestAt = indexOf("request");
    this.#agentAt = roles.findIndex((role) => role.kind === "header" && role.name === "user-agent");
    this.#endsAtBlank = Uint8Array.from(values, ({ role, until }) => (WORDS.has(role.kind) && until[0] === SPACE ? 1 : 0));
    this.#words = Int32Array.from(values.flatMap(({ role, until }, at) => (WORDS.has(role.kind) && until[0] !== SPACE ? [at] : [])));
  }

  read(bytes: Buffer, start: number, end: number): boolean {
    if (bytes !== this.#source) this.#open(bytes);
    if (end > this.#reach) return this.read(Buffer.concat([bytes.subarray(start, end)], end - start + LOOKAHEAD_BYTES), 0, end - start);
    return this.#cut(bytes, start, end) && this.#areWords() && this.#readStatus(bytes) && this.#readTime(bytes) && this.#pick(bytes);
  }

  #open(bytes: Buffer): void {
    this.#source = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset);
    this.#reach = this.#view.byteLength - LOOKAHEAD_BYTES;
  }

  agent(): string {
    return this.#agentAt === -1 ? "" : this.line.source.toString("latin1", this.#starts[this.#agentAt], this.#ends[this.#agentAt]);
  }

  /**
   * Finds where each value begins and ends. The search is spelled out, and what is seldom is called: what a compiler puts into one piece here depends on how much there is, and a call a value costs
   * half as much again.
   */
  #cut(bytes: Buffer, start: number, end: number): boolean {
    const starts = this.#starts;
    const ends = this.#ends;
    const stops = this.#stops;
    const view = this.#view;
    const leadLength = this.#lead.length;
    if (leadLength > 0 && !this.#hasAt(this.#lead, start, end)) return false;
    let at = (start + leadLength) | 0;
    for (let value = 0; value < this.#values; value++) {
      const begin = at;
      starts[value] = begin;
      const stop = value * STOP.width;
      const length = stops[stop + STOP.length] as number;
      if (length === 0) {
        ends[value] = end;
        return at <= end;
      }
      if (value === this.#timeAt) at = this.#behindKnownTime(at, end);
      if (at >= end) return false;
      const pattern = stops[stop + STOP.pattern] as number;
      const word = stops[stop + STOP.word] as number;
      const mask = stops[stop + STOP.mask] as number;
      for (;;) {
        // as `findPattern`
        const first = view.getInt32(at, true) ^ pattern;
        let marks = (first - 0x01010101) & ~first & 0x80808080;
        if (marks === 0) {
          const second = view.getInt32(at + 4, true) ^ pattern;
          marks = (second - 0x01010101) & ~second & 0x80808080;
          at = (at + 4) | 0;
          if (marks === 0) {
            at = (at + 4) | 0;
            if (at >= end) return false;
            continue;
          }
        }
        at = (at + ((31 - Math.clz32(marks & -marks)) >> 3)) | 0;
        if (at >= end) return false;
        if (((view.getInt32(at, true) ^ word) & mask) === 0) {
          const isUnsure = length > 4 || (at > begin && bytes[at - 1] === BACKSLASH);
          if (!isUnsure || this.#endsAt(value, bytes, at)) break;
        }
        if (this.#endsAtBlank[value] === 1) return false;
        at = (at + 1) | 0;
        if (at >= end) return false;
      }
      ends[value] = at;
      at = (at + length) | 0;
    }
    return at === end;
  }

  /** Whether a value ends where the first four bytes of what ends it stand. */
  #endsAt(value: number, bytes: Buffer, at: number): boolean {
    if (this.#isEscaping && isEscaped(bytes, this.#starts[value] as number, at)) return false;
    const long = this.#longStops[value];
    return long === undefined || this.#hasAt(long, at, this.#reach);
  }

  /** Where the time ends that begins here, if it is one that is known; else where it begins. */
  #behindKnownTime(at: number, end: number): number {
    const known = this.#knownTime;
    this.#isTimeKnown = at + known.length <= end && known.isAt(this.#view, at);
    return this.#isTimeKnown ? (at + known.length - this.#timeUntil.length) | 0 : at;
  }

  #hasAt(text: FixedText, at: number, end: number): boolean {
    return at + text.length <= end && standsAt(text, this.#view, at);
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
    if (!this.#isTimeKnown && !this.#learnTime(bytes)) return false;
    this.line.time = this.#knownTime.ms;
    return true;
  }

  #learnTime(bytes: Buffer): boolean {
    const start = this.#starts[this.#timeAt] as number;
    const end = this.#ends[this.#timeAt] as number;
    if (end - start > MAX_TIME_BYTES) return false;
    const text = bytes.toString("latin1", start, end);
    const ms = parseLogTime(text);
    if (ms === undefined) return false;
    this.#knownTime.take(text, { until: this.#timeUntil, ms });
    return true;
  }

  /** Whether there is no blank in values that have none. */
  #areWords(): boolean {
    for (let index = 0; index < this.#words.length; index++) {
      const value = this.#words[index] as number;
      const end = this.#ends[value] as number;
      if (findPattern(BLANKS, this.#view, { start: this.#starts[value] as number, end }) < end) return false;
    }
    return true;
  }

  #pick(bytes: Buffer): boolean {
    const { line } = this;
    const { starts, ends } = line;
    line.source = bytes;
    for (let index = 0; index < this.#picked.length; index++) {
      const value = this.#picked[index] as number;
      const start = this.#starts[value] as number;
      const end = this.#ends[value] as number;
      starts[index] = start;
      ends[index] = this.#ported[index] === 1 ? beforePort(bytes, start, end) : end;
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

/** Where the address ends that has a port behind it: at its last colon. */
export function beforePort(bytes: Buffer, start: number, end: number): number {
  let at = end - 1;
  while (at > start && ((bytes[at] as number) - ZERO) >>> 0 <= 9) at--;
  return at > start && bytes[at] === COLON ? at : end;
}
