import type { SecurityAction } from "@wherefrom/model";
import type { Outcome, Rejection, Resolution, Trust } from "wherefrom";
import { type HeaderDoubt, headerDoubts } from "../accept/header-doubts.ts";
import type { FaultCode, NoticeCode } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { rejections } from "../rejections.ts";
import { RevisionTally } from "./revision-tally.ts";

/** Upper bounds of the buckets in which durations are counted, in milliseconds; what took longer stands only in the count. */
export const durationBoundsMs: readonly number[] = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];

/** What one gateway has counted since it was opened. Counts only rise. */
export type Counts = {
  readonly exchanges: number;
  /** By the first digit of the status; at 0 those whose client left before there was one. */
  readonly byStatusClass: readonly number[];
  readonly resolutions: readonly ResolutionCount[];
  readonly faults: readonly { readonly code: FaultCode; readonly count: number }[];
  readonly notices: readonly { readonly code: NoticeCode; readonly count: number }[];
  readonly actions: readonly ActionCount[];
  readonly doubts: readonly { readonly doubt: HeaderDoubt; readonly count: number }[];
  /** Exchanges within each bound of `durationBoundsMs`, the smaller bounds not included. */
  readonly byDuration: readonly number[];
  readonly durationSumMs: number;
  /** Records that their receiver did not take. */
  readonly recordsDropped: number;
};

export type ResolutionCount = {
  readonly outcome: Outcome;
  readonly trust: Trust;
  readonly reason: Rejection | undefined;
  readonly count: number;
};

/** How many requests a security action decided, or would have. */
export type ActionCount = { readonly action: string; readonly mode: "enforced" | "observed"; readonly count: number };

/** Actions that are counted by name; operators may make and delete them for ever. The names of the rest are not kept. */
const MAX_COUNTED_ACTIONS = 4_096;
/** No id of an action: ids begin with a letter. */
const OTHER_ACTIONS = "-";

const STATUS_CLASSES = 6;
const outcomes: readonly Outcome[] = ["resolved", "fallback", "rejected"];
const trusts: readonly Trust[] = ["verified", "unverified"];

/** No reason has the first place. */
const reasons: readonly (Rejection | undefined)[] = [undefined, ...rejections];

type CountedExchange = Pick<Exchange, "status" | "fault" | "resolution"> & { readonly snapshot: { readonly revision: number } };

/**
 * Counts exchanges as they end. Plain fields: a request pays for a few additions, and names and labels are made only when somebody asks.
 * Nothing that a client chose is counted by: the number of counters is fixed.
 */
export class Tally {
  readonly byRevision = new RevisionTally();
  #exchanges = 0;
  #durationSumMs = 0;
  #recordsDropped = 0;
  readonly #byStatusClass: number[] = zeros(STATUS_CLASSES);
  readonly #byResolution: number[] = zeros(outcomes.length * trusts.length * reasons.length);
  readonly #byDuration: number[] = zeros(durationBoundsMs.length);
  readonly #byFault = new Map<FaultCode, number>();
  readonly #byNotice = new Map<NoticeCode, number>();
  readonly #byDoubt = new Map<HeaderDoubt, number>(headerDoubts.map((doubt) => [doubt, 0]));
  readonly #byAction = { enforced: new Map<string, number>(), observed: new Map<string, number>() };

  /** Counts one exchange that is over. */
  count({ status, fault, resolution, snapshot }: CountedExchange, durationMs: number): void {
    this.#exchanges += 1;
    this.#durationSumMs += durationMs;
    increase(this.#byStatusClass, Math.trunc((status ?? 0) / 100));
    if (resolution !== undefined) {
      increase(this.#byResolution, placeOf(resolution));
      this.byRevision.count(snapshot.revision, resolution);
    }
    if (fault !== undefined) countOne(this.#byFault, fault);
    for (let index = 0; index < durationBoundsMs.length; index += 1) {
      if (durationMs <= (durationBoundsMs[index] ?? 0)) {
        increase(this.#byDuration, index);
        return;
      }
    }
  }

  countNotice(code: NoticeCode): void {
    countOne(this.#byNotice, code);
  }

  /** Counts the action that decided about a request, and the one that would have, had it not been only observed. */
  countAction({
    enforced,
    observed,
  }: {
    readonly enforced: SecurityAction | undefined;
    readonly observed: SecurityAction | undefined;
  }): void {
    if (enforced !== undefined) countName(this.#byAction.enforced, enforced.name);
    if (observed !== undefined && observed !== enforced) countName(this.#byAction.observed, observed.name);
  }

  readonly countDoubt = (doubt: HeaderDoubt): void => {
    countOne(this.#byDoubt, doubt);
  };

  dropRecord(): void {
    this.#recordsDropped += 1;
  }

  read(): Counts {
    return {
      exchanges: this.#exchanges,
      byStatusClass: [...this.#byStatusClass],
      resolutions: this.#byResolution.flatMap((count, place) => (count === 0 ? [] : [{ ...resolutionAt(place), count }])),
      faults: [...this.#byFault].map(([code, count]) => ({ code, count })),
      notices: [...this.#byNotice].map(([code, count]) => ({ code, count })),
      doubts: [...this.#byDoubt].map(([doubt, count]) => ({ doubt, count })),
      actions: (["enforced", "observed"] as const).flatMap((mode) =>
        [...this.#byAction[mode]].map(([action, count]) => ({ action, mode, count })),
      ),
      byDuration: [...this.#byDuration],
      durationSumMs: this.#durationSumMs,
      recordsDropped: this.#recordsDropped,
    };
  }
}

function zeros(length: number): number[] {
  return new Array<number>(length).fill(0);
}

function countOne<Code>(counts: Map<Code, number>, code: Code): void {
  counts.set(code, (counts.get(code) ?? 0) + 1);
}

function increase(counts: number[], index: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
}

function countName(counts: Map<string, number>, name: string): void {
  const counted = counts.has(name) || counts.size < MAX_COUNTED_ACTIONS ? name : OTHER_ACTIONS;
  countOne(counts, counted);
}

function placeOf({ outcome, trust, reason }: Resolution): number {
  const row = outcomes.indexOf(outcome) * trusts.length + trusts.indexOf(trust);
  return row * reasons.length + reasons.indexOf(reason);
}

function resolutionAt(place: number): Omit<ResolutionCount, "count"> {
  const row = Math.trunc(place / reasons.length);
  return {
    outcome: outcomes[Math.trunc(row / trusts.length)] ?? "rejected",
    trust: trusts[row % trusts.length] ?? "unverified",
    reason: reasons[place % reasons.length],
  };
}
