import cluster, { type Worker } from "node:cluster";
import { fileURLToPath } from "node:url";
import type { MetricFamily } from "../admin/metric-family.ts";
import type { Readiness } from "../admin/readiness.ts";
import type { ListeningAt } from "../listen/listen.ts";
import type { Offered, Served } from "../snapshot/source.ts";
import { type Answers, Channel, Unanswered } from "./channel.ts";
import type { GivenSnapshot, PrimaryQuestions, WorkerOpening, WorkerQuestions, WorkerState } from "./questions.ts";

/** How often a worker is asked how it does. */
const WATCH_INTERVAL_MS = 1_000;
/** How long somebody who asks about health or metrics waits for one worker. */
const ASK_TIMEOUT_MS = 1_000;

export type WorkerParts = {
  /** Which of the workers it is, from 1. Its successor has the same number. */
  readonly number: number;
  readonly answers: Omit<Answers<PrimaryQuestions>, "hello">;
  /** How long it may say nothing at all until it is killed. */
  readonly maxSilenceMs: number;
  /** How long it may take to close until it is killed. */
  readonly maxCloseMs: number;
};

/** One worker as the primary sees it: a process of its own, from its start to its end. */
export class WorkerProcess {
  readonly number: number;
  /** Says how it ended, in words. */
  readonly ended: Promise<string>;
  readonly #child: Worker;
  readonly #channel: Channel<WorkerQuestions, PrimaryQuestions>;
  readonly #maxCloseMs: number;
  readonly #watch: NodeJS.Timeout;
  /** What it is told as soon as it hears. */
  #untold: object[] | undefined = [];
  #isOpen = false;
  #isClosing = false;
  #isSilent = false;
  /** Its metrics as it told them last: its own ones, and with them those of its process. */
  #own: readonly MetricFamily[] = [];
  #process: readonly (readonly MetricFamily[])[] = [];

  constructor({ number, answers, maxSilenceMs, maxCloseMs }: WorkerParts) {
    this.number = number;
    this.#maxCloseMs = maxCloseMs;
    this.#child = startChild();
    this.#channel = new Channel<WorkerQuestions, PrimaryQuestions>((message) => this.#send(message), {
      ...answers,
      hello: () => this.#tellAll(),
    });
    this.#child.on("message", (message) => this.#channel.receive(message));
    this.ended = this.#untilEnd(maxSilenceMs);
    this.#watch = this.#watchSilence(maxSilenceMs);
  }

  get pid(): number | undefined {
    return this.#child.process.pid;
  }

  /** Whether it listens, and has not been told to end. */
  get isServing(): boolean {
    return this.#isOpen && !this.#isClosing;
  }

  /** Whether it ends, or has ended, because it was told to. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Has it listen. Errors: those of `openGateway`; `Unanswered` when it dies of it. */
  async open(opening: WorkerOpening): Promise<readonly ListeningAt[]> {
    const listeners = await this.#channel.ask("open", opening);
    this.#isOpen = true;
    return listeners;
  }

  /** `undefined` when it is gone before it has taken the snapshot. */
  offer(snapshot: GivenSnapshot): Promise<Offered | undefined> {
    return this.#unlessGone(this.#channel.ask("offer", snapshot));
  }

  /** `undefined` when it does not say in time. */
  async readiness(): Promise<Readiness | undefined> {
    const state = await this.#unlessGone(this.#channel.ask("state", null, { timeoutMs: ASK_TIMEOUT_MS }));
    return state?.readiness;
  }

  /** `undefined` when it does not say in time. */
  async served(): Promise<Served | undefined> {
    return (await this.#unlessGone(this.#channel.ask("served", null, { timeoutMs: ASK_TIMEOUT_MS }))) ?? undefined;
  }

  /** As of now, or what it said last. */
  async metrics(): Promise<readonly (readonly MetricFamily[])[]> {
    const told = await this.#unlessGone(this.#channel.ask("metrics", null, { timeoutMs: ASK_TIMEOUT_MS }));
    if (told !== undefined) this.#note(told);
    return this.lastMetrics();
  }

  lastMetrics(): readonly (readonly MetricFamily[])[] {
    return [this.#own, ...this.#process];
  }

  async refreshCertificates(): Promise<void> {
    await this.#unlessGone(this.#channel.ask("refreshCertificates", null));
  }

  reopenAccessLog(): void {
    // What is wrong with the file it says by a notice.
    this.#channel.ask("reopenAccessLog", null).catch(() => undefined);
  }

  /** Has it take no new connection. One that does not answer is waited for no longer than for anything else. */
  async stopListening(): Promise<void> {
    this.#isClosing = true;
    await this.#unlessGone(this.#channel.ask("stopListening", null, { timeoutMs: ASK_TIMEOUT_MS }));
  }

  /** Has it take no new connection and drain, and kills it when that takes too long. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const last = await this.#unlessGone(this.#channel.ask("close", null, { timeoutMs: this.#maxCloseMs }));
    if (last === undefined) this.kill();
    else {
      this.#note(last);
      // Node ends a worker that has lost its primary.
      if (this.#child.process.connected) this.#child.process.disconnect();
    }
    await this.ended;
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.process.kill("SIGKILL");
  }

  #send(message: object): void {
    if (this.#untold !== undefined) this.#untold.push(message);
    else this.#child.process.send(message, () => undefined);
  }

  #tellAll(): null {
    const messages = this.#untold ?? [];
    this.#untold = undefined;
    for (const message of messages) this.#send(message);
    return null;
  }

  async #untilEnd(maxSilenceMs: number): Promise<string> {
    const { process: child } = this.#child;
    // Not by its disconnection: Node does not always tell of that when a process is killed that has much to do.
    const how = await new Promise<string>((resolve) => {
      child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
      // One that could not be started has no exit.
      this.#child.on("error", (error) => child.pid === undefined && resolve(error.message));
    });
    clearInterval(this.#watch);
    this.#channel.end();
    return this.#isSilent ? `killed, as it said nothing for more than ${maxSilenceMs} ms` : how;
  }

  /** Counted in looks and not in time: when the primary was stopped, its workers are not to blame. */
  #watchSilence(maxSilenceMs: number): NodeJS.Timeout {
    let missed = 0;
    let isAsked = false;
    return setInterval(() => {
      missed = isAsked ? missed + 1 : 0;
      if (missed * WATCH_INTERVAL_MS >= maxSilenceMs) {
        this.#isSilent = true;
        return this.kill();
      }
      if (isAsked) return;
      isAsked = true;
      const heard = (state: WorkerState | undefined): void => {
        isAsked = false;
        if (state !== undefined) this.#own = state.counts;
      };
      this.#channel.ask("state", null).then(heard, () => heard(undefined));
    }, WATCH_INTERVAL_MS);
  }

  #note([own = [], ...ofProcess]: readonly (readonly MetricFamily[])[]): void {
    this.#own = own;
    this.#process = ofProcess;
  }

  /** A worker that goes away while it is asked answers nothing; whoever cares for its end hears of it by `ended`. */
  async #unlessGone<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await asked;
    } catch (error) {
      if (error instanceof Unanswered) return undefined;
      throw error;
    }
  }
}

function startChild(): Worker {
  // Connections are dealt out one by one: an event loop that is behind gets none until it has taken the last.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({
    exec: fileURLToPath(new URL("./worker-main.js", import.meta.url)),
    args: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return cluster.fork();
}
