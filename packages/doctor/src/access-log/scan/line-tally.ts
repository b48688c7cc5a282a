import { createLineReader, type LogFormat } from "../format/log-format.ts";
import { LOG_LIMITS } from "../limits.ts";
import { EvidenceTable } from "../read/evidence-table.ts";
import { LineCutter } from "../read/line-cutter.ts";
import type { LineReader } from "../read/line-reader.ts";
import { type LogTally, MAX_AGENTS } from "../tally/log-tally.ts";
import { createEntryTally } from "./entry-tally.ts";
import { headersOf, type ScanPlan } from "./scan-plan.ts";

const SWITCHING_PROTOCOLS = 101;

/** User agents are looked at in so many first lines, and in every so-manieth behind them. */
const AGENT_LINES = 1_024;
const AGENT_EVERY = 64;

/** Where lines come from: which file, and where in it they begin. */
export type LineSource = { readonly file: number; readonly offset: number; readonly dropsFirst: boolean; readonly until: number };

/** Counts the lines of one format into a tally. */
export type LineTally = {
  /** A cutter whose lines are counted. */
  cutterFor(source: LineSource): LineCutter;
  /** Counts what is still held. Until then the tally lacks it. */
  finish(): void;
};

/** Makes what reads, counts and resolves the lines of a format. */
export function createLineTally(format: LogFormat, { plan, tally }: { readonly plan: ScanPlan; readonly tally: LogTally }): LineTally {
  const reader = createLineReader(format, headersOf(plan.subjects));
  const entries = createEntryTally(reader, { plan, tally });
  const table = new EvidenceTable({
    values: reader.evidence.length,
    maxEntries: LOG_LIMITS.maxHeldEvidence,
    maxBytes: LOG_LIMITS.maxHeldEvidenceBytes,
    onEntry: entries.add,
  });
  const cellOf = createCellChooser(plan);
  return {
    cutterFor({ file, offset: first, dropsFirst, until }) {
      const sample = (bytes: Buffer, offset: number): void => addSample(tally, { file, offset, bytes });
      return new LineCutter(
        {
          maxLineBytes: LOG_LIMITS.maxLineBytes,
          until,
          onLine(bytes, { start, end, offset }) {
            tally.lines++;
            if (!reader.read(bytes, start, end)) {
              tally.malformed++;
              return sample(bytes.subarray(start, end), offset);
            }
            const { line } = reader;
            const cell = cellOf(line.time, line.status);
            if (cell === -1) return void tally.outside++;
            note(tally, reader);
            table.add(line, cell);
          },
          onTooLong(offset) {
            tally.lines++;
            tally.tooLong++;
            sample(Buffer.alloc(0), offset);
          },
        },
        { offset: first, dropsFirst },
      );
    },
    finish() {
      table.drain();
      entries.finish();
    },
  };
}

/** The cell that a line is counted in; -1 outside of the asked time. */
function createCellChooser({
  since = Number.NEGATIVE_INFINITY,
  until = Number.POSITIVE_INFINITY,
  split = Number.NEGATIVE_INFINITY,
}: ScanPlan): (time: number, status: number) => number {
  const isBounded = since !== Number.NEGATIVE_INFINITY || until !== Number.POSITIVE_INFINITY;
  return (time, status) => {
    if (isBounded && !(time >= since && time < until)) return -1;
    return (time < split ? 0 : 2) + (status === SWITCHING_PROTOCOLS ? 1 : 0);
  };
}

/** Whether a cell holds lines before the time that splits them; whether it holds handshakes of WebSockets. */
export function isBefore(cell: number): boolean {
  return cell < 2;
}
export function isWebSocket(cell: number): boolean {
  return cell % 2 === 1;
}

function note(tally: LogTally, reader: LineReader): void {
  const { time, status, preamble } = reader.line;
  if (time < tally.from) tally.from = time;
  if (time > tally.to) tally.to = time;
  if (status === SWITCHING_PROTOCOLS) tally.websockets++;
  if (preamble === 1) tally.preambles.v1++;
  else if (preamble === 2) tally.preambles.v2++;
  const looks = tally.lines <= AGENT_LINES || tally.lines % AGENT_EVERY === 0;
  if (looks && tally.agents.size < MAX_AGENTS) tally.agents.add(reader.agent());
}

function addSample(tally: LogTally, { file, offset, bytes }: { file: number; offset: number; bytes: Buffer }): void {
  if (tally.samples.length >= LOG_LIMITS.maxSamples) return;
  tally.samples.push({ file, offset, text: bytes.toString("utf8", 0, LOG_LIMITS.maxSampleBytes) });
}
