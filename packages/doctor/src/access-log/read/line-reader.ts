import type { EscapeStyle } from "../format/layout.ts";
import type { EvidenceRole } from "../format/role.ts";

/** Reads lines of one format into a place that is used again for each line. */
export type LineReader = {
  /** What of a line is evidence, in the order of `starts` and `ends`. */
  readonly evidence: readonly EvidenceRole[];
  /** How values of evidence are escaped. */
  readonly escapeStyle: EscapeStyle;
  /** Reads one line, without its end. On `false` it is none of this format, and what was read last is of no use. */
  read(bytes: Buffer, start: number, end: number): boolean;
  readonly line: ReadLine;
  /** The user agent of the line that was read last, as it stands there; empty where the format has none. */
  agent(): string;
};

/** Values are looked at eight bytes at a time: so many stand behind each in the same memory, whatever they are. */
export const LOOKAHEAD_BYTES = 7;

/** What was read of a line last. */
export type ReadLine = {
  /** Where the values of evidence stand: value `i` is `source[starts[i], ends[i])`. `LOOKAHEAD_BYTES` stand behind it. */
  source: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Milliseconds since 1970; `NaN` in a format without a time. */
  time: number;
  /** 0 in a format without one, and where there was none. */
  status: number;
  /** Whether what came in place of a request was a PROXY protocol header: 0, or its version. */
  preamble: 0 | 1 | 2;
};

export function createReadLine(values: number): ReadLine {
  return {
    source: Buffer.alloc(0),
    starts: new Int32Array(values),
    ends: new Int32Array(values),
    time: Number.NaN,
    status: 0,
    preamble: 0,
  };
}

/** Which PROXY protocol header a server took for a request line, as it writes it into its log (`\x0D\x0A...QUIT`). */
export function preambleIn(request: string): 0 | 1 | 2 {
  if (/^PROXY (?:TCP[46]|UNKNOWN)/.test(request)) return 1;
  return /^(?:\\x0D\\x0A|\\r\\n)*(?:\\x00|\\0)?(?:\\x0D\\x0A|\\r\\n)QUIT/i.test(request) ? 2 : 0;
}
