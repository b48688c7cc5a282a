import { Readable } from "node:stream";
import type { ClientRequest, StreamedRequest } from "../client-message.ts";
import type { Exchange } from "../exchange.ts";
import type { GatewayLimits } from "../limits.ts";

/** Whether a request has a body, by its framing (RFC 9112 §6.3, RFC 9113 §8.1). */
export function hasBody(request: ClientRequest): request is StreamedRequest {
  const { headers, endsWithHeader } = request;
  if (endsWithHeader !== undefined || headers === undefined) return endsWithHeader === false;
  if (headers["transfer-encoding"] !== undefined) return true;
  const length = headers["content-length"];
  return length !== undefined && Number(length) > 0;
}

/** What a body fails with when the client leaves in the middle of it. Nobody at the target is to blame. */
export const bodyBrokenOff: Error = new Error("The client left before its body was complete");

/** What a body fails with that turns out to be longer than it may be. What of it has gone to the target has no end. */
export const bodyOverLimit: Error = new Error("The body is larger than maxBodyBytes");

/** The same of one with more trailers than a header may have fields. */
export const tooManyTrailers: Error = new Error("The body has more trailers than maxHeaderFields");

type BodyLimits = Pick<GatewayLimits, "maxBodyBytes" | "maxHeaderFields">;

/** `request` is that of the exchange. `again`: what was read of it already. */
type BodyParts = { readonly request: StreamedRequest; readonly limits: BodyLimits; readonly again?: readonly Buffer[] };

/** How much of a body is kept for sending it anew, where `keep` asks for it. */
const MAX_KEPT_BYTES = 65_536;

/**
 * Pieces of less than this go on as they come, for so many of them; behind those what comes in one turn of the loop goes on together. A client may send a byte at
 * a time, thousands of them in one packet: a write for each would cost two hundred times what the same bytes cost in one piece, here and at the target.
 */
const SMALL_BYTES = 1_024;
const MAX_SMALL_PIECES = 16;
const MAX_GATHERED_BYTES = 16_384;

/**
 * The body of a request for sending on, read only as fast as it is taken.
 *
 * Not the request itself: undici destroys what it was given when a target fails, and with a Node request goes the client's connection, before
 * anybody could be told. Destroying this stream only makes the rest of the body be read and dropped. It fails when the client leaves half-way.
 */
export class RequestBody extends Readable {
  readonly #exchange: Exchange;
  readonly #request: StreamedRequest;
  /** Read from the request already, and to be given first. */
  #again: readonly Buffer[];
  /** All of it so far; `undefined` when nobody asked to keep it or it has grown too long. */
  #kept: Buffer[] | undefined;
  #keptBytes = 0;
  readonly #limits: BodyLimits;
  #isUntouched = true;
  /** Small pieces that have come in this turn, and are not given on yet. */
  #gathered: Buffer[] | undefined;
  #gatheredBytes = 0;
  #smallPieces = 0;

  constructor(exchange: Exchange, { request, limits, again = [] }: BodyParts) {
    super();
    this.#limits = limits;
    this.#exchange = exchange;
    this.#request = request;
    this.#again = again;
    // It may fail before anybody has begun to read it, and an error that nobody hears would end the process.
    this.on("error", () => undefined);
    request.pause();
    request.on("data", this.#onData);
    request.once("end", this.#onEnd);
    request.once("close", this.#onClose);
  }

  /** Whether nothing of it was asked for, so that it can still be sent from its first byte on. */
  get isUntouched(): boolean {
    return this.#isUntouched;
  }

  /** From here on keeps what is taken, up to 64 KiB, until `forget`: for a target that may say that it has not looked at it. */
  keep(): void {
    this.#kept = [];
  }

  forget(): void {
    this.#kept = undefined;
  }

  /** The same body from its first byte on, in place of this one; `undefined` when it is no longer had. */
  anew(): RequestBody | undefined {
    if (this.#isUntouched && !this.destroyed) return this;
    this.#giveGathered();
    if (this.#kept === undefined) return undefined;
    this.#letGo();
    return new RequestBody(this.#exchange, { request: this.#request, limits: this.#limits, again: this.#kept });
  }

  override _read(): void {
    this.#isUntouched = false;
    const again = this.#again;
    this.#again = [];
    for (const chunk of again) this.#give(chunk);
    if (this.#request.readableEnded) this.#onEnd();
    else this.#request.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#letGo();
    this.#request.resume();
    callback(error);
  }

  #letGo(): void {
    this.#request.off("data", this.#onData);
    this.#request.off("end", this.#onEnd);
    this.#request.off("close", this.#onClose);
  }

  #give(chunk: Buffer): void {
    if (this.#kept !== undefined) {
      this.#kept.push(chunk);
      this.#keptBytes += chunk.length;
      if (this.#keptBytes > MAX_KEPT_BYTES) this.#kept = undefined;
    }
    // What comes out of `#gathered` may be kept for another one, when this one is destroyed already.
    if (!this.destroyed && !this.push(chunk)) this.#request.pause();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#exchange.requestBytes += chunk.length;
    if (this.#exchange.requestBytes > this.#limits.maxBodyBytes) this.destroy(bodyOverLimit);
    else if (this.#gathered !== undefined) this.#gather(chunk, this.#gathered);
    else if (chunk.length >= SMALL_BYTES || this.#smallPieces++ < MAX_SMALL_PIECES) this.#give(chunk);
    else this.#beginGathering(chunk);
  };

  /** Not until the next tick: Node runs those between two pieces of one packet. */
  #beginGathering(chunk: Buffer): void {
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#gather(chunk, this.#gathered);
    setImmediate(this.#giveGathered);
  }

  #gather(chunk: Buffer, gathered: Buffer[]): void {
    gathered.push(chunk);
    this.#gatheredBytes += chunk.length;
    if (this.#gatheredBytes >= MAX_GATHERED_BYTES) this.#giveGathered();
  }

  readonly #giveGathered = (): void => {
    const gathered = this.#gathered;
    this.#gathered = undefined;
    if (gathered !== undefined) this.#give(Buffer.concat(gathered));
  };

  readonly #onEnd = (): void => {
    this.#giveGathered();
    if (this.#request.rawTrailers.length / 2 > this.#limits.maxHeaderFields) this.destroy(tooManyTrailers);
    else this.push(null);
  };

  readonly #onClose = (): void => {
    if (!this.#request.complete) this.destroy(bodyBrokenOff);
  };
}
