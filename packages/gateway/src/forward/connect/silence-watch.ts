import { type Placed, Places } from "../../places.ts";
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

/** What a target owes something. */
export type Watched = Placed & {
  /** The look before it moved last. */
  movedAtLook: number;
  /** How long it may be silent from then on. */
  timeoutMs: number;
  /** It was silent for longer. Called at each look until the watch ends. */
  giveUp(): void;
};

/**
 * Gives up on targets that were asked something and say nothing. All that is waited for is looked at together, and what moves only notes at which look it did: a timer for
 * each would be of no use a millisecond later, and yet be kept and copied by the collector for up to a second.
 *
 * Unit: a time ends up to 500 ms late, and never early.
 */
export class SilenceWatch {
  readonly #watched = new Places<Watched>();
  #timer: NodeJS.Timeout | undefined;
  /** How often it has looked. */
  looks = 0;

  /** The same handler, watched from its connection on until the answer is complete or has failed. */
  over(handler: AnswerHandler, timeouts: SilenceTimeouts): AnswerHandler {
    return new WatchedAnswer(this, { handler, timeouts });
  }

  begin(watched: Watched): void {
    watched.movedAtLook = this.looks;
    this.#watched.add(watched);
    this.#timer ??= setInterval(this.#look, LOOK_INTERVAL_MS).unref();
  }

  /** Does nothing for one that has ended. */
  end(watched: Watched): void {
    this.#watched.delete(watched);
  }

  readonly #look = (): void => {
    this.looks += 1;
    if (this.#watched.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    for (const watched of this.#watched) if (this.#isSilent(watched)) watched.giveUp();
  };

  /** Not counted is the time up to the look after it moved. */
  #isSilent({ movedAtLook, timeoutMs }: Watched): boolean {
    return (this.looks - movedAtLook - 1) * LOOK_INTERVAL_MS >= timeoutMs;
  }
}

type WatchedParts = { readonly handler: AnswerHandler; readonly timeouts: SilenceTimeouts };

class WatchedAnswer implements AnswerHandler, Watched {
  readonly #watch: SilenceWatch;
  readonly #handler: AnswerHandler;
  readonly #timeouts: SilenceTimeouts;
  #abort: ((reason?: Error) => void) | undefined;
  movedAtLook = 0;
  timeoutMs = 0;
  place = -1;

  constructor(watch: SilenceWatch, { handler, timeouts }: WatchedParts) {
    this.#watch = watch;
    this.#handler = handler;
    this.#timeouts = timeouts;
  }

  giveUp(): void {
    this.#abort?.(upstreamError("UPSTREAM_TIMEOUT", "The target said nothing in time"));
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    this.timeoutMs = this.#timeouts.headersTimeoutMs;
    this.#watch.begin(this);
    this.#handler.onConnect(abort);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted();
  }

  onHeaders(status: number, fields: readonly (Buffer | string)[], resume: () => void, reason: string): boolean {
    if (status >= 200) this.timeoutMs = this.#timeouts.bodyTimeoutMs;
    this.movedAtLook = this.#watch.looks;
    const goOn = (): void => {
      this.timeoutMs = this.#timeouts.bodyTimeoutMs;
      this.movedAtLook = this.#watch.looks;
      resume();
    };
    return this.#handler.onHeaders(status, fields, goOn, reason);
  }

  onData(chunk: Buffer): boolean {
    this.movedAtLook = this.#watch.looks;
    const goesOn = this.#handler.onData(chunk);
    // Nothing more was asked for.
    if (!goesOn) this.timeoutMs = Number.POSITIVE_INFINITY;
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
