import type { GatewayLimits } from "../limits.ts";
import type { Notice } from "../notice.ts";
import { nextStep, type OverloadStep, type Pressures, pressuresOf } from "./ladder.ts";
import type { Load } from "./load.ts";
import type { ProcessReader, ProcessReadings } from "./readings.ts";

/** How a gateway stands to its limits, as of the last look. */
export type OverloadState = {
  readonly step: OverloadStep;
  /** `undefined` before the first look. */
  readonly pressures: Pressures | undefined;
  /** Of the time between the last two looks. */
  readonly p99LoopDelayMs: number;
};

/** What an overloaded gateway looks at and lets go of. */
export type OverloadSubject = {
  load(): Load;
  /** Closes connections on which nothing is asked any more. */
  closeIdle(): Promise<void>;
};

type OverloadParts = { readonly limits: GatewayLimits; readonly reader: ProcessReader; readonly onNotice: (notice: Notice) => void };

/**
 * Watches what a gateway has to do and what it has to do it with, and gives up the least important things first: connections that could be opened
 * anew, then new requests. Never what it has begun, and never health checks: they are asked on a listener of their own.
 */
export class Overload {
  readonly #limits: GatewayLimits;
  readonly #reader: ProcessReader;
  readonly #onNotice: (notice: Notice) => void;
  #state: OverloadState = { step: "none", pressures: undefined, p99LoopDelayMs: 0 };
  #isLate = false;
  #timer: NodeJS.Timeout | undefined;
  #subject: OverloadSubject | undefined;

  constructor({ limits, reader, onNotice }: OverloadParts) {
    this.#limits = limits;
    this.#reader = reader;
    this.#onNotice = onNotice;
  }

  /** Looks at a gateway from now on, every `overloadIntervalMs`. */
  watch(subject: OverloadSubject): void {
    this.#subject = subject;
    this.#timer = setInterval(() => this.#look(subject), this.#limits.overloadIntervalMs);
    this.#timer.unref();
  }

  state(): OverloadState {
    return this.#state;
  }

  /** Whether a connection may be kept for another request. */
  keepsConnections(): boolean {
    return this.#state.step === "none";
  }

  /** Whether a request is taken that has just come, and is counted among the open ones already. */
  takesRequests(): boolean {
    if (this.#state.step === "shed-requests") return false;
    return this.#subject === undefined || this.#subject.load().exchanges <= this.#limits.maxExchanges;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#reader.close();
  }

  #look(subject: OverloadSubject): void {
    const before = this.#state.step;
    const readings = this.#reader.read();
    const load = subject.load();
    const pressures = pressuresOf({ load, readings }, this.#limits);
    const step = nextStep(before, Math.max(...Object.values(pressures)));
    this.#state = { step, pressures, p99LoopDelayMs: readings.p99LoopDelayMs };
    if (before === "none" && step !== "none") void subject.closeIdle();
    if (step !== before) this.#onNotice(stepNotice(step, pressures));
    this.#watchLoop(readings, load);
  }

  /** Told once when the loop begins to be late, and again after it was in time. */
  #watchLoop(readings: ProcessReadings, load: Load): void {
    const { maxLoopDelayMs } = this.#limits;
    const isLate = readings.p99LoopDelayMs > maxLoopDelayMs;
    if (isLate && !this.#isLate) {
      const late = `The event loop was ${Math.round(readings.p99LoopDelayMs)} ms late (p99), maxLoopDelayMs is ${maxLoopDelayMs}`;
      this.#onNotice({ level: "warning", code: "EVENT_LOOP_LATE", message: `${late}: ${describe(readings, load)}` });
    }
    this.#isLate = isLate;
  }
}

/** What tells a process that had too much to do from one that the system did not let run: the processor time that it had meanwhile. */
function describe({ cpuPercent, medianLoopDelayMs, heapBytes, rssBytes }: ProcessReadings, { connections, exchanges }: Load): string {
  const open = `${connections} connections and ${exchanges} requests open`;
  const memory = `${megabytes(heapBytes)} MB of heap, ${megabytes(rssBytes)} MB in all`;
  return `${Math.round(cpuPercent)} % of a processor used, ${Math.round(medianLoopDelayMs)} ms late at the median, ${open}, ${memory}`;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}

const doing: Readonly<Record<OverloadStep, string>> = {
  none: "No longer overloaded",
  "close-connections": "Connections are closed behind their answers",
  "shed-requests": "New requests are refused",
};

function stepNotice(step: OverloadStep, pressures: Pressures): Notice {
  const parts = Object.entries(pressures).map(([name, pressure]) => `${name} ${Math.round(pressure * 100)} %`);
  const message = `${doing[step]}: ${parts.join(", ")}`;
  return step === "none" ? { level: "info", code: "OVERLOAD_OVER", message } : { level: "warning", code: "OVERLOADED", message };
}
