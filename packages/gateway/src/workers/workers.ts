import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { DeliveredTransaction, RevisionCounts } from "@wherefrom/model";
import { escapeText } from "wherefrom";
import type { MetricFamily } from "../admin/metric-family.ts";
import type { Readiness } from "../admin/readiness.ts";
import { closeMsOf } from "../closing.ts";
import type { Deliver } from "../debug/debugger.ts";
import { GatewayError } from "../errors.ts";
import { type GatewayLimits, withLimits } from "../limits.ts";
import type { ListeningAt } from "../listen/listen.ts";
import { turnOfLoop } from "../listen/listeners.ts";
import type { Notice } from "../notice.ts";
import { addCounts } from "../record/revision-tally.ts";
import type { HopMemory } from "../signed-hop/used-hops.ts";
import type { Offered, Served } from "../snapshot/source.ts";
import { Unanswered } from "./channel.ts";
import { PastCounts } from "./past-counts.ts";
import type { GivenSnapshot, WorkerOpening, WorkerOptions } from "./questions.ts";
import { Seat } from "./seat.ts";
import { WorkerProcess } from "./worker-process.ts";

type WorkersParts = {
  readonly wanted: number;
  /** Of the whole group: a hop that one worker has used is used. */
  readonly hops: HopMemory;
  readonly deliver: Deliver;
  readonly onNotice: (notice: Notice) => void;
  /** Gets the notices of workers, with the number of the worker. */
  readonly onWorkerNotice: (notice: Notice) => void;
  /** Told of each worker that ends without being told to. */
  readonly onDied: () => void;
};

/** The workers of a group: as many as are wanted, and for a time those that drain. It owns their processes. */
export class Workers {
  readonly #parts: WorkersParts;
  readonly #seats: readonly Seat[];
  readonly #workers = new Set<WorkerProcess>();
  readonly #past = new PastCounts();
  #options: WorkerOptions;
  /** New ones with each restart, so that they do not get old. */
  #ticketKeys = makeTicketKeys();
  #newest: GivenSnapshot | undefined;
  #deaths = 0;
  #listening: readonly ListeningAt[] = [];
  /** What the workers are to go by next, while they are replaced. */
  #next: WorkerOptions | undefined;
  #restarting: Promise<void> | undefined;
  #isClosing = false;

  constructor(options: WorkerOptions, parts: WorkersParts) {
    this.#options = options;
    this.#parts = parts;
    const seatParts = {
      start: (number: number) => this.#start(number),
      onFilled: ({ number, pid }: WorkerProcess) =>
        this.#tell("info", "WORKER_RESTARTED", `Worker ${number} serves again, as process ${pid}`),
      onFailed: (number: number, { error, nextInMs }: { error: unknown; nextInMs: number }) =>
        this.#tell("warning", "WORKER_FAILED", `Worker ${number} did not start, next attempt in ${nextInMs} ms: ${messageOf(error)}`),
    };
    this.#seats = Array.from({ length: parts.wanted }, (_, index) => new Seat(index + 1, seatParts));
  }

  /** By which the next worker is started. */
  get limits(): GatewayLimits {
    return withLimits(this.#options.limits ?? {});
  }

  /** Where the workers listen; empty before the first does. */
  get listening(): readonly ListeningAt[] {
    return this.#listening;
  }

  /** Opens one worker, which says what is wrong with the options if anything is. */
  async openFirst(): Promise<readonly ListeningAt[]> {
    await this.#seats[0]?.replace();
    return this.#listening;
  }

  /** Opens the others, which find that it can be done and share what the first one has. */
  async openRest(): Promise<void> {
    await Promise.all(this.#seats.slice(1).map((seat) => seat.replace()));
  }

  /** Gives a snapshot to every worker that there is, and waits for all. `undefined` when all have it, else what one had against it. */
  async offer(snapshot: GivenSnapshot): Promise<Offered | undefined> {
    this.#newest = snapshot;
    const answers = await Promise.all([...this.#workers].map((worker) => worker.offer(snapshot)));
    return answers.find((answer) => answer?.kind === "refused");
  }

  restart(options: WorkerOptions): Promise<void> {
    this.#next = options;
    this.#restarting ??= this.#restartAll().finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  async refreshCertificates(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.refreshCertificates()));
  }

  reopenAccessLog(): void {
    for (const worker of this.#workers) worker.reopenAccessLog();
  }

  /** How each worker does that serves and says so in time. */
  async readiness(): Promise<readonly Readiness[]> {
    const serving = [...this.#workers].filter(({ isServing }) => isServing);
    const answers = await Promise.all(serving.map((worker) => worker.readiness()));
    return answers.filter((answer) => answer !== undefined);
  }

  /** What those who serve now counted under this revision, and under the one before it. */
  async served(revision: number): Promise<Pick<Served, "current" | "before">> {
    const answers = (await Promise.all([...this.#workers].map((worker) => worker.served()))).filter((answer) => answer !== undefined);
    const current = addCounts([{ revision, requests: 0, fallbacks: {} }, ...answers.map((answer) => answer.current)]);
    return { current: current as RevisionCounts, before: addCounts(answers.flatMap(({ before }) => before ?? [])) };
  }

  /** What all workers have counted, those that are gone among them. */
  async metrics(): Promise<readonly (readonly MetricFamily[])[]> {
    // Both at the same moment: a worker that ends meanwhile is counted once.
    const past = this.#past.lists();
    const present = await Promise.all([...this.#workers].map((worker) => worker.metrics()));
    await this.#past.sum();
    return [...past, ...present.flat()];
  }

  counts(): { readonly serving: number; readonly deaths: number } {
    const serving = [...this.#workers].filter(({ isServing }) => isServing).length;
    return { serving, deaths: this.#deaths };
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    for (const seat of this.#seats) seat.close();
    // A client that is told to go elsewhere comes back at once. It must find nobody listening then, and no worker that is about to stop. One after another: what
    // is on its way to a worker that has stopped goes to the next.
    for (const worker of this.#workers) await worker.stopListening();
    await Promise.all([...this.#workers].map((worker) => worker.close()));
  }

  async #start(number: number): Promise<WorkerProcess> {
    if (this.#isClosing) throw new Unanswered("The group is closing");
    const { limits } = this;
    const worker = new WorkerProcess({
      number,
      answers: this.#answersTo(number),
      maxSilenceMs: limits.maxWorkerSilenceMs,
      maxCloseMs: closeMsOf(limits),
    });
    this.#workers.add(worker);
    void worker.ended.then((how) => this.#note(worker, how));
    try {
      const opening = worker.open(this.#opening(number));
      // One that cannot take it does not open either, and then says why.
      if (this.#newest !== undefined) worker.offer(this.#newest).catch(() => undefined);
      this.#listening = await opening;
      return worker;
    } catch (error) {
      if (!(error instanceof Unanswered)) {
        await worker.close();
        throw error;
      }
      throw new GatewayError("GATEWAY_WORKER_FAILED", `Worker ${number} ended while it started: ${await worker.ended}`);
    }
  }

  /** What load balancers have to hear first, the primary lets them hear: a worker that is told to close closes. */
  #opening(number: number): WorkerOpening {
    const { limits, events } = this.#options;
    const spool = events && { events: { ...events, folder: join(events.folder, String(number)) } };
    const options = { ...this.#options, ...spool, limits: { ...limits, preStopDelayMs: 0 } };
    return { options, workers: this.#parts.wanted, ticketKeys: this.#ticketKeys };
  }

  #answersTo(number: number) {
    return {
      turn: async () => {
        await turnOfLoop();
        return null;
      },
      notify: ({ level, code, message }: Notice) => {
        this.#parts.onWorkerNotice({ level, code, message: `Worker ${number}: ${message}` });
        return null;
      },
      deliver: (transaction: DeliveredTransaction) => {
        this.#parts.deliver(transaction);
        return null;
      },
      useHop: ({ signature, times }: { signature: string; times: Parameters<HopMemory["use"]>[1] }) =>
        this.#parts.hops.use(signature, times),
    };
  }

  #note(worker: WorkerProcess, how: string): void {
    this.#workers.delete(worker);
    this.#past.add(worker.lastMetrics());
    if (worker.isClosing) return;
    this.#deaths += 1;
    this.#tell("warning", "WORKER_DIED", `Worker ${worker.number}, process ${worker.pid}, has died: ${escapeText(how)}`);
    this.#parts.onDied();
  }

  async #restartAll(): Promise<void> {
    while (this.#next !== undefined && !this.#isClosing) {
      const before = this.#options;
      this.#options = this.#next;
      this.#next = undefined;
      this.#ticketKeys = makeTicketKeys();
      await this.#replaceAll(before);
    }
  }

  async #replaceAll(before: WorkerOptions): Promise<void> {
    let replaced = 0;
    try {
      for (const seat of this.#seats) {
        const former = await seat.replace();
        replaced += 1;
        await former?.close();
      }
      this.#tell("info", "WORKERS_REPLACED", `All ${replaced} workers are new`);
    } catch (error) {
      if (this.#isClosing) return;
      // What no worker could run by is not for those that follow one that dies.
      if (replaced === 0) this.#options = before;
      const message = `A new worker did not start, ${replaced} of ${this.#seats.length} are new and the others go on: ${messageOf(error)}`;
      this.#tell("warning", "WORKERS_NOT_REPLACED", message);
    }
  }

  #tell(level: Notice["level"], code: Notice["code"], message: string): void {
    this.#parts.onNotice({ level, code, message });
  }
}

/** As many bytes as Node takes. */
function makeTicketKeys(): string {
  return randomBytes(48).toString("base64");
}

function messageOf(error: unknown): string {
  return escapeText(error instanceof Error ? error.message : String(error));
}
