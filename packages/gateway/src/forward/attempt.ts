import type { ClientRequest, ClientResponse } from "../client-message.ts";
import type { Exchange } from "../exchange.ts";
import type { Fault } from "../fault.ts";
import type { CompiledRoute } from "../route/route-table.ts";
import type { Runtime } from "../runtime.ts";
import type { AnswerHandler } from "./connect/outgoing.ts";
import type { RequestBody } from "./request-body.ts";
import { contentLength, fieldValues, hasField, isBodiless, isCodingKnown, responseFields, textFields } from "./response-fields.ts";
import { trailerPairs } from "./trailers.ts";
import type { Upstream } from "./upstream.ts";
import { isReset, isTargetsFault, isUnsendable, wasNotTaken } from "./upstream-error.ts";
import { brokenResponse, faultOf } from "./upstream-fault.ts";

/** A reason phrase that can be written as it is. */
const REASON = /^[\t\x20-\x7e]*$/;

/** How much of a response that nobody wants is read to keep its connection; the connection of a longer one is closed. */
const MAX_UNWANTED_BYTES = 65_536;

/** A whole body up to this goes out in one piece with its header: for a longer one the copy costs more than the piece. */
const MAX_BYTES_WITH_HEADER = 2_048;

/** How much of a body may wait in the gateway until the client takes more. */
const MAX_WAITING_BYTES = 131_072;

/** What an attempt needs to know of the request that it is an attempt at. */
export type Attempted = {
  readonly exchange: Exchange;
  readonly route: CompiledRoute;
  readonly runtime: Runtime;
  /** `null` for a request that has none. */
  readonly body: RequestBody | null;
  /** Whether the method allows to ask twice, and there is no body of which a part may have gone. */
  isRepeatable(): boolean;
  /**
   * Sends the request once more, with all of its body, after it failed at `upstream`; says whether it does. What cost that target anything is charged to
   * the budget of retries.
   */
  retriesAfter(upstream: Upstream, { isCharged }: { isCharged: boolean }): boolean;
};

const NOTHING = Buffer.alloc(0);

/** RFC 9110 §15: what is above is no status. HTTP/2 can write none. */
const MAX_STATUS = 599;
const CONTINUE = 100;
const EARLY_HINTS = 103;

const clientLeft = new Error("The client left");
const givenUp = new Error("The gateway gave up on the response");

/**
 * One request to one target, and its response on the way to the client. It owns the request to the target until the response is complete.
 *
 * Undici's older handler: the newer one reads every response header into an object that nobody here asks for.
 */
export class Attempt implements AnswerHandler {
  readonly #passage: Attempted;
  readonly #upstream: Upstream;
  readonly #beganAtMs: number;
  #abort: ((reason: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #interimResponses = 0;
  #unwantedBytes = 0;
  /** A byte of a response has come, an interim one's too. */
  #hasBegun = false;
  /** By its Content-Length; `undefined` when it has none. */
  #bodyBytes: number | undefined;
  #hasWritten = false;
  /** A whole body, which waits for the word that it is one. */
  #wholeBody: Buffer | undefined;
  #isDone = false;

  /** The target counts the request as open from here on. */
  constructor(passage: Attempted, { upstream, beganAtMs }: { upstream: Upstream; beganAtMs: number }) {
    this.#passage = passage;
    this.#upstream = upstream;
    this.#beganAtMs = beganAtMs;
    upstream.begin(beganAtMs);
  }

  /** Whether nothing of it reaches the client any more. */
  get isDone(): boolean {
    return this.#isDone;
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

  onResponseStarted(): void {
    this.#hasBegun = true;
  }

  onHeaders(status: number, rawFields: readonly (Buffer | string)[], resume: () => void, reason: string): boolean {
    if (this.#isDone) return true;
    const fields = textFields(rawFields);
    if (status < 200) return this.#passOnInterim(status, fields);
    if (this.#isRetried(status, fields)) return true;
    if (status > MAX_STATUS) return this.#breakOff("a status that there is not");
    if (!isCodingKnown(fields)) return this.#breakOff("a transfer coding that is not known");
    const { exchange, body } = this.#passage;
    const bodyBytes = contentLength(fields);
    const kept = responseFields(fields, { status, hasTrailers: bodyBytes === undefined && mayHaveTrailers(exchange.request, status) });
    // Nobody has told the client to send its body, so it may or may not: which of the two follows on the connection is not known (RFC 9110 §10.1.1).
    if (exchange.expectsContinue && body?.isUntouched) exchange.endConnection();
    try {
      exchange.response.writeHead(status, REASON.test(reason) ? reason : "", kept);
    } catch (error) {
      return this.#breakOff(String(error));
    }
    this.#upstream.answered(this.#beganAtMs);
    this.#noteTime();
    exchange.responseFields = kept;
    exchange.status = status;
    if (isBodiless(status)) return this.#complete();
    this.#bodyBytes = bodyBytes;
    this.#resume = resume;
    // A body nearly always comes with its header and shares a packet with it. Where it does not, the header must not wait for it.
    process.nextTick(flushHeader, this);
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#isDone) return this.#drop(chunk);
    const { exchange } = this.#passage;
    const { response } = exchange;
    exchange.responseBytes += chunk.length;
    if (!this.#hasWritten && chunk.length === this.#bodyBytes && chunk.length <= MAX_BYTES_WITH_HEADER) {
      this.#wholeBody = chunk;
      return true;
    }
    this.#hasWritten = true;
    // Node asks to wait behind each chunk of a usual size, also behind one that has gone to the system already: stopping and going on would be half of the work of a large body.
    if (response.write(chunk) || response.writableLength < MAX_WAITING_BYTES) return true;
    if (this.#resume !== undefined) response.once("drain", this.#resume);
    return false;
  }

  onComplete(rawTrailers: readonly (Buffer | string)[] | null): void {
    if (this.#isDone) return;
    const trailers = trailerPairs(textFields(rawTrailers));
    if (trailers.length > 0) this.#passage.exchange.response.addTrailers(trailers);
    this.#complete();
  }

  onError(error: Error): void {
    if (this.#isDone) return;
    this.#end();
    if (isTargetsFault(error)) this.#blame(error.message);
    if (this.#canRepeat(error) && this.#passage.retriesAfter(this.#upstream, { isCharged: !wasNotTaken(error) })) return;
    this.#tell(faultOf(error));
  }

  flushHeader(): void {
    if (!this.#isDone) this.#flush();
  }

  #flush(): void {
    if (this.#hasWritten) return;
    // Node's own flushHeaders would write the header as UTF-8, and so change every byte above 0x7f in it.
    this.#passage.exchange.response.write(this.#wholeBody ?? NOTHING);
    this.#hasWritten = true;
  }

  #end(): void {
    this.#isDone = true;
    this.#upstream.end();
    this.#noteTime();
  }

  /** Once: how long the target took to answer, or to not do so. */
  #noteTime(): void {
    const { exchange, runtime } = this.#passage;
    exchange.targetMs ??= runtime.now() - this.#beganAtMs;
  }

  /** The response is whole. What undici makes of a length that one without a body has comes too late to matter. */
  #complete(): boolean {
    this.#end();
    const { response } = this.#passage.exchange;
    if (this.#wholeBody === undefined || this.#hasWritten) response.end();
    else endWith(response, this.#wholeBody);
    return true;
  }

  #breakOff(why: string): boolean {
    this.#blame(why);
    this.fail(brokenResponse);
    return true;
  }

  #blame(why: string): void {
    this.#upstream.failed(this.#beganAtMs, { nowMs: this.#passage.runtime.now(), why });
  }

  #tell(answer: Fault): void {
    const { exchange } = this.#passage;
    if (!exchange.response.headersSent) return exchange.refuse(answer);
    // The status has been sent: breaking off is the only way left to say that the rest is missing (RFC 9112 §8).
    exchange.fault = answer.code;
    this.#flush();
    process.nextTick(destroy, exchange.response);
  }

  /**
   * A request that never got a connection, or that nobody has looked at, can be sent as if for the first time; another one only when a connection
   * broke before it was answered.
   */
  #canRepeat(error: Error): boolean {
    if (isUnsendable(error)) return false;
    if (this.#abort === undefined) return true;
    return !this.#hasBegun && (wasNotTaken(error) || (isReset(error) && this.#passage.isRepeatable()));
  }

  /** Whether the request goes elsewhere because of this status. A target that names a time in Retry-After has been heard: the client is told. */
  #isRetried(status: number, fields: readonly string[]): boolean {
    const retried: readonly number[] = this.#passage.route.route.retries.statuses;
    if (!retried.includes(status)) return false;
    this.#blame(`status ${status}`);
    if (this.#interimResponses > 0 || !this.#passage.isRepeatable() || hasField(fields, "retry-after")) return false;
    if (!this.#passage.retriesAfter(this.#upstream, { isCharged: true })) return false;
    this.#end();
    return true;
  }

  #drop(chunk: Buffer): boolean {
    this.#unwantedBytes += chunk.length;
    if (this.#unwantedBytes > MAX_UNWANTED_BYTES) this.#abort?.(givenUp);
    return true;
  }

  /**
   * A 100 passes to who waits for it, a 103 to a client of HTTP/2. Over HTTP/1.1 nobody asks for hints, and nginx and Caddy in front of the gateway take them for the
   * answer: what follows would be read as a body, or as the answer to the next request (RFC 8297 §3).
   */
  #passOnInterim(status: number, fields: readonly string[]): true {
    const { exchange, runtime, body } = this.#passage;
    const { response } = exchange;
    this.#interimResponses += 1;
    if (this.#interimResponses > runtime.limits.maxInterimResponses) this.fail(brokenResponse);
    else if (status === CONTINUE && exchange.expectsContinue && body?.isUntouched) response.writeContinue();
    else if (status === EARLY_HINTS && exchange.request.httpVersion === "2.0")
      response.writeEarlyHints?.({ link: fieldValues(fields, "link") });
    return true;
  }
}

/** Whether trailers could follow the answer on the client's side. Node throws where a Trailer field says so and they cannot. */
function mayHaveTrailers({ method, httpVersion }: ClientRequest, status: number): boolean {
  return httpVersion !== "1.0" && method !== "HEAD" && !isBodiless(status);
}

function flushHeader(attempt: Attempt): void {
  attempt.flushHeader();
}

function destroy(response: ClientResponse): void {
  response.destroy();
}

/**
 * Ends a response with all of its body. Over HTTP/1 the header and a text behind it are one piece, and the end, which has nothing to write, is one more
 * while the connection is corked: so it is let go in between.
 */
function endWith(response: ClientResponse, body: Buffer): void {
  const { socket } = response;
  if (!socket) return void response.end(body);
  socket.cork();
  response.write(body.toString("latin1"), "latin1");
  socket.uncork();
  response.end();
}
