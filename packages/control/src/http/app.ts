import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import { OrganizationMissing, StoreUnavailable } from "../config-store/port.ts";
import { NO_ROUTE } from "../metrics.ts";
import type { ControlParts } from "../parts.ts";
import { ApiError, errorAnswer, organizationNotFound, pathNotFound } from "./api-error.ts";
import type { RouteLine } from "./endpoint.ts";
import { requireKnownHost } from "./host-gate.ts";
import type { Sender } from "./listener.ts";
import { type ApiEnv, mountRoutes } from "./mount.ts";
import { presentationOfFault } from "./standard-query.ts";

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const REQUEST_ID_HEADER = "x-request-id";
/** No other site may load, frame or keep hold of anything here. There is no CORS: no answer lets a page of another site read it. */
const FOR_BROWSERS = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};
/** What is no page loads nothing and runs nothing, wherever it is opened. */
const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** A browser that has been here by TLS comes by nothing else for a year. Source: RFC 6797. */
const ONLY_TLS = { "strict-transport-security": "max-age=31536000" };
/** How soon a store that is away may be asked again, in seconds. */
const RETRY_AFTER_S = 1;

/** The API as a function from request to answer: the route table within what holds for every request. It does not throw. */
export function createApp(lines: readonly RouteLine[], parts: ControlParts): (request: Request, sender: Sender) => Promise<Response> {
  const app = new Hono<ApiEnv>();
  app.use(async (context, next) => {
    if (!parts.reach.isPeerAllowed(context.env.peer)) throw peerNotAllowed();
    requireKnownHost(context.req.header("host") ?? null, parts.reach.names);
    await next();
  });
  mountRoutes(app, lines, parts);
  const refuse = (error: ApiError, { req, env }: Context<ApiEnv>): Response => {
    parts.metrics.countRefusal(error.reason);
    return errorAnswer(error, env.requestId, presentationOfFault(new URL(req.url).searchParams));
  };
  app.notFound((context) => refuse(pathNotFound(context.req.path), context));
  app.onError((error, context) => {
    if (error instanceof ApiError) return refuse(error, context);
    if (error instanceof OrganizationMissing) return refuse(organizationNotFound(error.message), context);
    if (error instanceof StoreUnavailable) {
      const answer = refuse(storeUnavailable(error), context);
      answer.headers.set("retry-after", String(RETRY_AFTER_S));
      return answer;
    }
    const { requestId } = context.env;
    parts.onNotice({ kind: "internal-error", requestId, error });
    const message = `Control could not answer. Its log has the cause under the request id ${requestId}`;
    return refuse(new ApiError("CONTROL_FAULT", message), context);
  });
  const headers = parts.reach.scheme === "https" ? { ...FOR_BROWSERS, ...ONLY_TLS } : FOR_BROWSERS;
  return async (request, sender) => {
    const requestId = requestIdOf(request);
    const env = { requestId, ...sender, labels: NO_ROUTE };
    const startMs = performance.now();
    const answer = await app.fetch(request, env);
    parts.metrics.countRequest({ ...env.labels, status: answer.status, seconds: (performance.now() - startMs) / 1_000 });
    answer.headers.set(REQUEST_ID_HEADER, requestId);
    answer.headers.set("cache-control", "no-store");
    for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value);
    if (!answer.headers.has("content-security-policy")) answer.headers.set("content-security-policy", NOTHING);
    return answer;
  };
}

/** Its token was readable on the way, and is looked at by nobody. */
function peerNotAllowed(): ApiError {
  return new ApiError(
    "PEER_NOT_ALLOWED",
    "Peer: Expected the proxy with TLS that control was told of, received a connection from elsewhere",
  );
}

/** What the database itself says is for the log: it may name hosts and files. */
function storeUnavailable({ isOutcomeKnown }: StoreUnavailable): ApiError {
  if (isOutcomeKnown)
    return new ApiError("STORE_UNAVAILABLE", "Control cannot use its database at the moment, and has changed nothing. Ask again");
  const message = "Control lost its database while it stored the change, which may be stored or not. Read what stands before asking again";
  return new ApiError("STORE_OUTCOME_UNKNOWN", message);
}

/** The client's own id when it has a harmless form, so that it finds its requests again in both logs. */
function requestIdOf(request: Request): string {
  const given = request.headers.get(REQUEST_ID_HEADER) ?? "";
  return REQUEST_ID.test(given) ? given : randomUUID();
}
