import { type ClientRequest, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { GatewayLimits } from "../../limits.ts";
import type { CompiledTarget } from "../../route/targets.ts";
import { announcedTrailers, requestTrailers } from "../trailers.ts";
import { upstreamError } from "../upstream-error.ts";
import { connectOptions, placeOf } from "./connect-options.ts";
import type { Lookup } from "./lookup.ts";
import { readAnswer } from "./node-answer.ts";
import type { AnswerHandler, Outgoing } from "./outgoing.ts";
import { SendingLimit } from "./sending-limit.ts";

type LoneContext = {
  readonly target: CompiledTarget;
  readonly limits: GatewayLimits;
  readonly lookup: Lookup;
  readonly handler: AnswerHandler;
};

/**
 * Sends one request on a connection of its own, by Node's client: for what undici cannot send, which is seldom asked for. That is a body with trailers, and
 * one that waits for 100 Continue.
 *
 * Source: RFC 9110 §10.1.1: the expectation goes to the target, and its 100 to the client. RFC 9112 §7.1.2.
 */
export function sendAlone(outgoing: Outgoing, { target, limits, lookup, handler }: LoneContext): void {
  const request = openRequest(outgoing, { target, limits, lookup });
  const abort = (reason?: Error): void => {
    request.destroy();
    handler.onError(reason ?? upstreamError("UPSTREAM_BROKEN", "The request was given up"));
  };
  const limit = new SendingLimit({ outgoing, limits, hasUntaken: () => request.writableLength > 0, onLate: abort });
  limit.connecting(target.connectTimeoutMs ?? limits.connectTimeoutMs);
  let isSending = false;
  const sendBody = (): void => {
    isSending = true;
    limit.sending();
    pump(outgoing, request);
  };
  const agree = (): void => {
    handler.onHeaders(CONTINUE, [], nothing, "");
    sendBody();
  };
  request.once("socket", (socket) => {
    socket.once(target.isSecure ? "secureConnect" : "connect", () => {
      handler.onConnect(abort);
      if (!outgoing.expectsContinue) return sendBody();
      limit.waitingToContinue(agree);
    });
  });
  request.on("continue", () => {
    if (outgoing.expectsContinue && !isSending) agree();
    else handler.onHeaders(CONTINUE, [], nothing, "");
  });
  request.on("drain", () => limit.sending());
  request.once("finish", () => limit.sent());
  request.once("response", () => limit.over());
  request.once("upgrade", () => abort(upstreamError("UPSTREAM_BROKEN", "The target switched protocols unasked")));
  readAnswer(request, { handler, bodyTimeoutMs: outgoing.bodyTimeoutMs ?? limits.bodyTimeoutMs });
  request.once("close", () => limit.over());
}

const CONTINUE = 100;

function nothing(): void {}

function openRequest(
  { request, method, pathAndQuery, fields, ownNames, expectsContinue }: Outgoing,
  { target, limits, lookup }: Omit<LoneContext, "handler">,
): ClientRequest {
  const headers = [...fields];
  if (expectsContinue) headers.push("Expect", "100-continue");
  const trailers = announcedTrailers({ request, ownNames });
  if (trailers !== undefined) headers.push("Trailer", trailers);
  if (!fields.some((name, index) => index % 2 === 0 && name.toLowerCase() === "content-length"))
    headers.push("Transfer-Encoding", "chunked");
  const options = {
    ...placeOf(target),
    ...connectOptions(target, lookup),
    method,
    path: pathAndQuery,
    headers,
    maxHeaderSize: limits.maxHeaderBytes,
    agent: false,
  };
  return target.isSecure ? requestHttps(options) : requestHttp(options);
}

/** Sends the body at the pace of the slower side, and its trailers behind it. */
function pump({ request, ownNames, body }: Outgoing, sending: ClientRequest): void {
  if (body === null) return void sending.end();
  body.once("error", (error) => sending.destroy(error));
  body.once("end", () => {
    sending.addTrailers(requestTrailers({ request, ownNames }));
    sending.end();
  });
  body.pipe(sending, { end: false });
}
