import type { Dispatcher } from "undici";
import type { Exchange } from "../exchange.ts";
import type { CompiledRoute } from "../route/route-table.ts";
import type { Runtime } from "../runtime.ts";
import { bodyOf, hasBody } from "./request-body.ts";
import { requestFields } from "./request-fields.ts";
import { responseFields, textFields, trailerPairs } from "./response-fields.ts";
import { brokenResponse, upstreamFault } from "./upstream-fault.ts";

/** Sends one request to its target and relays the response. Bodies stream both ways; the slower side sets the pace. */
export function forwardHttp(exchange: Exchange, { route, runtime }: { route: CompiledRoute; runtime: Runtime }): void {
  const { request, response } = exchange;
  const relay = new ResponseRelay(exchange, runtime.limits.maxInterimResponses);
  exchange.whenOver(() => relay.leave());
  const headers = requestFields(exchange, { route, limits: runtime.limits });
  if (exchange.expectsContinue) response.writeContinue();
  const body = hasBody(request) ? bodyOf(request) : null;
  runtime.pools
    .of(route.origin)
    .dispatch({ path: exchange.target?.pathAndQuery ?? "/", method: request.method ?? "GET", headers, body }, relay);
}

/** A reason phrase that can be written as it is. */
const REASON = /^[\t\x20-\x7e]*$/;

const clientLeft = new Error("The client left");

/** The response on its way from a target to a client. It owns the request to the target until the response is complete. */
class ResponseRelay implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange;
  readonly #maxInterimResponses: number;
  #controller: Dispatcher.DispatchController | undefined;
  #interimResponses = 0;
  #hasWritten = false;
  #isDone = false;

  constructor(exchange: Exchange, maxInterimResponses: number) {
    this.#exchange = exchange;
    this.#maxInterimResponses = maxInterimResponses;
  }

  /** The client is gone: the target need not go on. Does nothing after a complete response. */
  leave(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#controller?.abort(clientLeft);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It left while the request waited for a connection.
    if (this.#isDone) controller.abort(clientLeft);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _fields: unknown, reason = ""): void {
    if (status < 200) return this.#countInterim(controller);
    const { response } = this.#exchange;
    const fields = responseFields(textFields(controller.rawHeaders), status);
    response.writeHead(status, REASON.test(reason) ? reason : "", fields);
    this.#exchange.status = status;
    response.on("drain", () => controller.resume());
    // A body nearly always comes with its header and shares a packet with it. Where it does not, the header must not wait for it.
    process.nextTick(() => {
      if (!this.#hasWritten && !this.#isDone) response.flushHeaders();
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#hasWritten = true;
    if (!this.#exchange.response.write(chunk)) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#isDone = true;
    const { response } = this.#exchange;
    const trailers = trailerPairs(textFields(controller.rawTrailers));
    if (trailers.length > 0) response.addTrailers(trailers);
    response.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const answer = upstreamFault(error);
    if (!this.#exchange.response.headersSent) return this.#exchange.refuse(answer);
    // The status has been sent: breaking off is the only way left to say that the rest is missing (RFC 9112 §8).
    this.#exchange.fault = answer.code;
    this.#exchange.response.destroy();
  }

  #countInterim(controller: Dispatcher.DispatchController): void {
    this.#interimResponses += 1;
    if (this.#interimResponses <= this.#maxInterimResponses) return;
    this.#isDone = true;
    this.#exchange.refuse(brokenResponse);
    controller.abort(new Error("Too many interim responses"));
  }
}
