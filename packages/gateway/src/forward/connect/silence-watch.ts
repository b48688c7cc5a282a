import { upstreamError } from "../upstream-error.ts";
import type { AnswerHandler } from "./outgoing.ts";

/** How often all answers are looked at. */
const LOOK_INTERVAL_MS = 250;

export type SilenceTimeouts = {
  /** From the request sent to the header of the answer, an interim one in between. */
  readonly headersTimeoutMs: number;
  /** Silence inside the body, but for the time in which nothing more is asked for. */
  readonly bodyTimeoutMs: number;
};

/**
 * Gives up on targets that have taken a whole request and say nothing. All answers are looked at together, and one that moves only notes at which look it did: a timer for
 * each would be of no use a millisecond later, and yet be kept and copied by the collector for up to a second.
 *
 * Unit: a time ends up to 500 ms late, and never early.
 */
export class SilenceWatch {
  /** Each knows its place. */
  readonly #answers: WatchedAnswer[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** How often it has looked. */
  looks = 0;

  /** The same handler, watched from its connection on until the answer is complete or has failed. */
  over(handler: AnswerHandler, timeouts: SilenceTimeouts): AnswerHandler {
    return new WatchedAnswer(this, { handler, timeouts });
  }

  begin(answer: WatchedAnswer): void {
    answer.place = this.#answers.push(answer) - 1;
    this.#timer ??= setInterval(this.#look, LOOK_INTERVAL_MS).unref();
  }

  /** Does nothing for one that has ended. The last one takes its place. */
  end(answer: WatchedAnswer): void {
    if (answer.place === -1) return;
    const last = this.#answers.pop();
    if (last !== undefined && last !== answer) {
      this.#answers[answer.place] = last;
      last.place = answer.place;
    }
    answer.place = -1;
  }

  readonly #look = (): void => {
    this.looks += 1;
    if (this.#answers.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    for (const answer of this.#answers.filter((one) => one.isSilent(this.looks))) answer.giveUp();
  };
}

type WatchedParts = { readonly handler: AnswerHandler; readonly timeouts: SilenceTimeouts };

class WatchedAnswer implements AnswerHandler {
  readonly #watch: SilenceWatch;
  readonly #handler: AnswerHandler;
  readonly #timeouts: SilenceTimeouts;
  #abort: ((reason?: Error) => void) | undefined;
  #timeoutMs = 0;
  /** The look before it moved last. */
  #movedAtLook = 0;
  /** Nothing more was asked for. */
  #isHeldBack = false;
  /** Among all that are watched, which alone set it. */
  place = -1;

  constructor(watch: SilenceWatch, { handler, timeouts }: WatchedParts) {
    this.#watch = watch;
    this.#handler = handler;
    this.#timeouts = timeouts;
  }

  /** Not counted is the time up to the look after it moved. */
  isSilent(looks: number): boolean {
    return !this.#isHeldBack && (looks - this.#movedAtLook - 1) * LOOK_INTERVAL_MS >= this.#timeoutMs;
  }

  giveUp(): void {
    this.#abort?.(upstreamError("UPSTREAM_TIMEOUT", "The target said nothing in time"));
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    this.#timeoutMs = this.#timeouts.headersTimeoutMs;
    this.#movedAtLook = this.#watch.looks;
    this.#watch.begin(this);
    this.#handler.onConnect(abort);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted();
  }

  onHeaders(status: number, fields: readonly (Buffer | string)[], resume: () => void, reason: string): boolean {
    if (status >= 200) this.#timeoutMs = this.#timeouts.bodyTimeoutMs;
    this.#movedAtLook = this.#watch.looks;
    const goOn = (): void => {
      this.#isHeldBack = false;
      this.#movedAtLook = this.#watch.looks;
      resume();
    };
    return this.#handler.onHeaders(status, fields, goOn, reason);
  }

  onData(chunk: Buffer): boolean {
    this.#movedAtLook = this.#watch.looks;
    const goesOn = this.#handler.onData(chunk);
    this.#isHeldBack = !goesOn;
    return goesOn;
  }

  onComplete(trailers: readonly (Buffer | string)[] | null): void {
    this.#watch.end(this);
    this.#handler.onComplete(trailers);
  }

  onError(error: Error): void {
    this.#watch.end(this);
    this.#handler.onError(error);
  }
}
