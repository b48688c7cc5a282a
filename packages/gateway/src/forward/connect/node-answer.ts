import type { ClientRequest, IncomingMessage } from "node:http";
import { Deadline } from "../../deadline.ts";
import { upstreamError } from "../upstream-error.ts";
import type { AnswerHandler } from "./outgoing.ts";

type AnswerContext = { readonly handler: AnswerHandler; readonly bodyTimeoutMs: number };

const CONTINUE = 100;

/** Tells a handler what Node's own client reads, to the last byte of the answer or to its fault. Not of 100 Continue, for which somebody else listens. */
export function readAnswer(request: ClientRequest, { handler, bodyTimeoutMs }: AnswerContext): void {
  // By itself Node drops what exceeds 2,000 fields without a word. How many bytes they are is limited.
  request.maxHeadersCount = 0;
  request.on("information", ({ statusCode, rawHeaders }) => {
    if (statusCode !== CONTINUE) handler.onHeaders(statusCode, rawHeaders, nothing, "");
  });
  request.once("response", (response) => relay(response, { handler, bodyTimeoutMs }));
  request.on("error", (error) => handler.onError(error));
}

function relay(response: IncomingMessage, { handler, bodyTimeoutMs }: AnswerContext): void {
  const { statusCode = 0 } = response;
  response.on("error", (error) => handler.onError(error));
  // Node takes a 101 that switches nothing for the whole answer.
  if (statusCode < 200) return void response.destroy(upstreamError("UPSTREAM_BROKEN", "The target switched protocols unasked"));
  const silence = new Deadline(bodyTimeoutMs, () => {
    if (response.isPaused()) silence.refresh();
    else response.destroy(upstreamError("UPSTREAM_TIMEOUT", `The target was silent for ${bodyTimeoutMs} ms`));
  });
  handler.onResponseStarted();
  const resume = (): void => {
    silence.refresh();
    response.resume();
  };
  if (!handler.onHeaders(statusCode, response.rawHeaders, resume, response.statusMessage ?? "")) response.pause();
  response.on("data", (chunk: Buffer) => {
    silence.refresh();
    if (!handler.onData(chunk)) response.pause();
  });
  response.once("end", () => handler.onComplete(response.rawTrailers));
  response.once("close", () => silence.stop());
}

function nothing(): void {}
