import { LOG_LIMITS } from "../limits.ts";
import { CELLS } from "../read/evidence-table.ts";
import { createFigures, type Figures, mergeFigures } from "./figures.ts";
import { createTraffic, mergeTraffic, type Traffic } from "./traffic.ts";

/** A line that could not be read: which file, where in it, and its beginning as it stands there. Whoever shows it escapes it. */
export type Sample = { readonly file: number; readonly offset: number; readonly text: string };

/** One part of the lines: before or after the time that splits them, over HTTP or as a WebSocket's handshake. */
export type Cell = { readonly traffic: Traffic; readonly subjects: readonly Figures[]; readonly recorded: Figures };

/** All that is kept of a log. Plain data: it travels between threads, and two of them add up to what one thread would have. */
export type LogTally = {
  /** Lines that were read, malformed ones among them; lines outside of the asked time; lines longer than is read. */
  lines: number;
  malformed: number;
  outside: number;
  tooLong: number;
  bytes: number;
  /** Gzipped logs that end before their time. */
  cutOff: number;
  /** Lines that show a PROXY protocol header where a request belongs, by its version. */
  readonly preambles: { v1: number; v2: number };
  /** Lines of WebSocket handshakes. */
  websockets: number;
  /** Times of the earliest and the latest line, in milliseconds since 1970. */
  from: number;
  to: number;
  /** The first malformed lines. */
  samples: Sample[];
  /** Some of the user agents: enough to see that there are several. */
  readonly agents: Set<string>;
  readonly cells: readonly Cell[];
};

/** Different addresses whose counts are kept: of the policy that was asked for, and of each other. */
const CAPACITY = { main: 16_384, other: 4_096 } as const;

/** User agents that are kept. */
export const MAX_AGENTS = 16;

export function createLogTally(subjects: number): LogTally {
  const cells = Array.from({ length: CELLS }, () => ({
    traffic: createTraffic(),
    subjects: Array.from({ length: subjects }, createFigures),
    recorded: createFigures(),
  }));
  return {
    lines: 0,
    malformed: 0,
    outside: 0,
    tooLong: 0,
    bytes: 0,
    cutOff: 0,
    preambles: { v1: 0, v2: 0 },
    websockets: 0,
    from: Number.POSITIVE_INFINITY,
    to: Number.NEGATIVE_INFINITY,
    samples: [],
    agents: new Set(),
    cells,
  };
}

/** How many addresses a subject's figures keep. */
export function capacityOf(subject: number): number {
  return subject === 0 ? CAPACITY.main : CAPACITY.other;
}

/** Makes `into` the tally of both. */
export function mergeLogTally(into: LogTally, from: LogTally): void {
  for (const part of ["lines", "malformed", "outside", "tooLong", "bytes", "cutOff", "websockets"] as const) into[part] += from[part];
  into.preambles.v1 += from.preambles.v1;
  into.preambles.v2 += from.preambles.v2;
  into.from = Math.min(into.from, from.from);
  into.to = Math.max(into.to, from.to);
  into.samples = [...into.samples, ...from.samples]
    .sort((first, second) => first.file - second.file || first.offset - second.offset)
    .slice(0, LOG_LIMITS.maxSamples);
  for (const agent of from.agents) if (into.agents.size < MAX_AGENTS) into.agents.add(agent);
  for (const [index, cell] of into.cells.entries()) mergeCell(cell, from.cells[index] as Cell);
}

function mergeCell(into: Cell, from: Cell): void {
  mergeTraffic(into.traffic, from.traffic);
  mergeFigures(into.recorded, from.recorded, CAPACITY.other);
  for (const [subject, figures] of into.subjects.entries()) mergeFigures(figures, from.subjects[subject] as Figures, capacityOf(subject));
}
