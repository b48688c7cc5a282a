import { isBefore, isWebSocket } from "../scan/line-tally.ts";
import type { Subject } from "../scan/scan-plan.ts";
import { DISTINCT_ERROR, estimateDistinct } from "../tally/distinct.ts";
import { createFigures, type Figures, mergeFigures } from "../tally/figures.ts";
import { type Counted, commonest } from "../tally/frequent.ts";
import { capacityOf, type LogTally } from "../tally/log-tally.ts";
import { createTraffic, mergeTraffic, type Traffic } from "../tally/traffic.ts";
import { GIVEN } from "./subjects.ts";

/** What a policy made of some lines, to be told. */
export type Outcome = {
  readonly id: string;
  readonly lines: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, number>>;
  readonly verified: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly providers: Readonly<Record<string, number>>;
  readonly families: Readonly<Record<string, number>>;
  /** Different addresses; and how far off that is as a rule, as a share of it: 0 where it is exact, which it is where there are not many thousands. */
  readonly distinct: number;
  readonly distinctError: number;
  /** The commonest addresses. Each may have had up to `topError` lines more than are told. */
  readonly top: readonly Counted[];
  readonly topError: number;
};

/** Some of the lines: what they brought along, and what each policy made of them. */
export type Part = { readonly traffic: Traffic; readonly outcomes: readonly Outcome[]; readonly recorded: Outcome | undefined };

/** A log, and its parts that are set side by side. */
export type LogSummary = Pick<
  LogTally,
  "lines" | "malformed" | "outside" | "tooLong" | "bytes" | "cutOff" | "preambles" | "websockets" | "samples"
> & {
  /** Times of the earliest and the latest line; `undefined` where no line has one. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** User agents seen: enough of them to tell one client from several. */
  readonly agents: number;
  readonly whole: Part;
  readonly before: Part | undefined;
  readonly after: Part | undefined;
  readonly http: Part;
  readonly webSocket: Part | undefined;
};

/** Addresses that are told. */
const MAX_TOP = 10;

/** The id of what the log itself says that the client is. */
const RECORDED = "log";

/** Sums a tally up. */
export function summarize(
  tally: LogTally,
  { subjects, isSplit }: { readonly subjects: readonly Subject[]; readonly isSplit: boolean },
): LogSummary {
  const part = (picks: (cell: number) => boolean): Part => partOf(tally, { subjects, picks });
  const { lines, malformed, outside, tooLong, bytes, cutOff, preambles, websockets, samples, from, to, agents } = tally;
  return {
    lines,
    malformed,
    outside,
    tooLong,
    bytes,
    cutOff,
    preambles,
    websockets,
    samples,
    from: Number.isFinite(from) ? new Date(from).toISOString() : undefined,
    to: Number.isFinite(to) ? new Date(to).toISOString() : undefined,
    agents: agents.size,
    whole: part(() => true),
    before: isSplit ? part(isBefore) : undefined,
    after: isSplit ? part((cell) => !isBefore(cell)) : undefined,
    http: part((cell) => !isWebSocket(cell)),
    webSocket: websockets > 0 ? part(isWebSocket) : undefined,
  };
}

function partOf(
  tally: LogTally,
  { subjects, picks }: { readonly subjects: readonly Subject[]; readonly picks: (cell: number) => boolean },
): Part {
  const cells = tally.cells.filter((_, cell) => picks(cell));
  const traffic = createTraffic();
  for (const cell of cells) mergeTraffic(traffic, cell.traffic);
  const sum = (figures: readonly (Figures | undefined)[], capacity: number): Figures => {
    const [first, ...others] = figures.filter((one) => one !== undefined && one.lines > 0);
    if (first !== undefined && others.length === 0) return first;
    const all = createFigures();
    for (const one of figures) if (one !== undefined) mergeFigures(all, one, capacity);
    return all;
  };
  const recorded = sum(
    cells.map((cell) => cell.recorded),
    capacityOf(1),
  );
  return {
    traffic,
    outcomes: subjects.map(({ id }, subject) =>
      outcomeOf(
        id,
        sum(
          cells.map((cell) => cell.subjects[subject]),
          capacityOf(subject),
        ),
      ),
    ),
    recorded: recorded.lines === 0 ? undefined : outcomeOf(RECORDED, recorded),
  };
}

function outcomeOf(id: string, { addresses, distinct, ...counts }: Figures): Outcome {
  return {
    id,
    ...counts,
    distinct: addresses.error === 0 ? addresses.counts.size : estimateDistinct(distinct),
    distinctError: addresses.error === 0 ? 0 : DISTINCT_ERROR,
    top: commonest(addresses, MAX_TOP),
    topError: addresses.error,
  };
}

/** What one policy made of a part. */
export function outcomeIn({ outcomes }: Part, id: string): Outcome {
  const found = outcomes.find((outcome) => outcome.id === id);
  if (found === undefined) throw new Error(`No figures of ${id}`);
  return found;
}

/** What is judged: what the log itself says, where it does and no policy was given; else what the policy makes of it. */
export function judgedIn(part: Part, isPolicyGiven: boolean): Outcome {
  return isPolicyGiven || part.recorded === undefined ? outcomeIn(part, GIVEN) : part.recorded;
}

/** A share of lines, from 0 to 1; 0 of none. */
export function share(count: number | undefined, of: number): number {
  return of === 0 ? 0 : (count ?? 0) / of;
}
