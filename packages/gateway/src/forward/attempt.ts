import type { Dispatcher } from "undici";
import type { Exchange } from "../exchange.ts";
import type { Fault } from "../fault.ts";
import { responseFields, textFields, trailerPairs } from "./response-fields.ts";
import type { Upstream } from "./upstream.ts";
import { brokenResponse, upstreamFault } from "./upstream-fault.ts";

/** A reason phrase that can be written as it is. */
const REASON = /^[\t\x20-\x7e]*$/;

const clientLeft = new Error("The client left");
const givenUp = new Error("The gateway gave up on the response");

/**
 * One request to one target, and its response on the way to the client. It owns the request to the target until the response is complete.
 *
 * Undici's older handler: the newer one reads every response header into an object that nobody here asks for.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange;
  readonly #upstream: Upstream;
  readonly #maxInterimResponses: number;
  #abort: ((reason: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #interimResponses = 0;
  #hasWritten = false;
  #isDone = false;

  /** The target counts the request as open from here on. */
  constructor(exchange: Exchange, { upstream, maxInterimResponses }: { upstream: Upstream; maxInterimResponses: number }) {
    this.#exchange = exchange;
    this.#upstream = upstream;
    this.#maxInterimResponses = maxInterimResponses;
    upstream.begin();
  }

  /** The client is gone: the target need not go on. Does nothing after a complete response. */
  leave(): void {
    if (this.#isDone) return;
    this.#end();
    this.#abort?.(clientLeft);
  }

  /** Gives up on the target and tells the client, or breaks off what it was told already. Does nothing after a complete response. */
  fail(answer: Fault): void {
    if (this.#isDone) return;
    this.#end();
    this.#tell(answer);
    this.#abort?.(givenUp);
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    // It ended while the request waited for a connection.
    if (this.#isDone) abort(clientLeft);
  }

  onHeaders(status: number, rawFields: Buffer[], resume: () => void, reason: string): boolean {
    if (status < 200) return this.#countInterim();
    const { response } = this.#exchange;
    response.writeHead(status, REASON.test(reason) ? reason : "", responseFields(textFields(rawFields), status));
    this.#exchange.status = status;
    this.#resume = resume;
    // A body nearly always comes with its header and shares a packet with it. Where it does not, the header must not wait for it.
    process.nextTick(flushHeader, this);
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#hasWritten = true;
    this.#exchange.responseBytes += chunk.length;
    const { response } = this.#exchange;
    if (response.write(chunk)) return true;
    if (this.#resume !== undefined) response.once("drain", this.#resume);
    return false;
  }

  onComplete(rawTrailers: unknown): void {
    this.#end();
    const { response } = this.#exchange;
    const trailers = trailerPairs(textFields(rawTrailers));
    if (trailers.length > 0) response.addTrailers(trailers);
    response.end();
  }

  onError(error: Error): void {
    if (this.#isDone) return;
    this.#end();
    this.#tell(upstreamFault(error));
  }

  flushHeader(): void {
    if (!this.#hasWritten && !this.#isDone) this.#exchange.response.flushHeaders();
  }

  #end(): void {
    this.#isDone = true;
    this.#upstream.end();
  }

  #tell(answer: Fault): void {
    const { response } = this.#exchange;
    if (!response.headersSent) return this.#exchange.refuse(answer);
    // The status has been sent: breaking off is the only way left to say that the rest is missing (RFC 9112 §8).
    this.#exchange.fault = answer.code;
    response.destroy();
  }

  #countInterim(): boolean {
    this.#interimResponses += 1;
    if (this.#interimResponses > this.#maxInterimResponses) this.fail(brokenResponse);
    return true;
  }
}

function flushHeader(attempt: Attempt): void {
  attempt.flushHeader();
}
