import { createHash } from "node:crypto";
import { type ClientRequest, type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Duplex } from "node:stream";
import { fieldLines } from "../accept/field-lines.ts";
import type { ClientRequest as HandshakeRequest, Upgrade } from "../client-message.ts";
import type { Exchange } from "../exchange.ts";
import type { Fault } from "../fault.ts";
import type { GatewayLimits } from "../limits.ts";
import type { CompiledRoute } from "../route/route-table.ts";
import type { CompiledTarget } from "../route/targets.ts";
import type { Runtime } from "../runtime.ts";
import { placeOf } from "./connect/connect-options.ts";
import { requestFields } from "./request-fields.ts";
import { responseFields } from "./response-fields.ts";
import type { Upstream } from "./upstream.ts";
import { faultOf, invalidUpgrade, upstreamConnectTimeout, upstreamTimeout } from "./upstream-fault.ts";

type WebSocketContext = { readonly route: CompiledRoute; readonly upgrade: Upgrade; readonly runtime: Runtime };

/**
 * Passes a WebSocket handshake on, and when the target has truly agreed, joins the two connections. From then on bytes pass unread: they are
 * never HTTP again. A target that declines answers as over HTTP.
 *
 * Source: RFC 6455 §4.1 and §4.2.2; RFC 9110 §7.8.
 */
export function forwardWebSocket(exchange: Exchange, { route, upgrade, runtime }: WebSocketContext): void {
  const upstream = runtime.upstreams.of(route.targets).choose(exchange.startedAtMs);
  const { target } = upstream;
  const fields = requestFields(exchange, { route, target, runtime });
  fields.push("Connection", "Upgrade", "Upgrade", "websocket");
  const outgoing = openRequest(exchange, { upstream, fields, limits: runtime.limits });
  const fail = (answer: Fault): void => {
    outgoing.destroy();
    exchange.refuse(answer);
  };

  upstream.begin(exchange.startedAtMs);
  limitTime(outgoing, { target, limits: runtime.limits, fail });
  exchange.whenOver(() => {
    if (exchange.status === SWITCHING_PROTOCOLS) return;
    outgoing.destroy();
    upstream.end();
  });
  outgoing.on("error", (error) => {
    if (!exchange.isOver) upstream.failed(exchange.startedAtMs, { nowMs: runtime.now(), why: error.message });
    fail(faultOf(error));
  });
  outgoing.once("response", (incoming) => {
    upstream.answered(exchange.startedAtMs);
    relayRefusal(exchange, { incoming, fail });
  });
  outgoing.once("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (exchange.isOver || !isAccepted(exchange.request, incoming)) {
      socket.destroy();
      return fail(invalidUpgrade);
    }
    // The exchange ends here: what follows is no HTTP.
    upgrade.open(responseFields(incoming.rawHeaders, SWITCHING_PROTOCOLS));
    exchange.status = SWITCHING_PROTOCOLS;
    exchange.finish();
    upgrade.duplex.write(head);
    socket.write(upgrade.head);
    runtime.tunnels.join({ client: upgrade.duplex, upstream: socket }, () => upstream.end());
  });
  outgoing.end();
}

const SWITCHING_PROTOCOLS = 101;

function openRequest(
  exchange: Exchange,
  { upstream, fields, limits }: { upstream: Upstream; fields: string[]; limits: GatewayLimits },
): ClientRequest {
  const { target, connectOptions } = upstream;
  const options: RequestOptions & { readonly allowHalfOpen: boolean } = {
    ...placeOf(target),
    ...connectOptions,
    method: "GET",
    path: exchange.target?.pathAndQuery ?? "/",
    headers: fields,
    maxHeaderSize: limits.maxHeaderBytes,
    // A connection of its own, and one whose sides end apart: an agent would keep it, and close it whole.
    agent: false,
    allowHalfOpen: true,
  };
  return target.isSecure ? requestHttps(options) : requestHttp(options);
}

/** One timer at a time: first for connecting, then for the answer. */
function limitTime(
  outgoing: ClientRequest,
  { target, limits, fail }: { target: CompiledTarget; limits: GatewayLimits; fail: (answer: Fault) => void },
): void {
  let timer = setTimeout(() => fail(upstreamConnectTimeout), target.connectTimeoutMs ?? limits.connectTimeoutMs);
  outgoing.once("finish", () => {
    clearTimeout(timer);
    timer = setTimeout(() => fail(upstreamTimeout), target.headersTimeoutMs ?? limits.upstreamHeadersTimeoutMs);
  });
  for (const event of ["response", "upgrade", "close"]) outgoing.once(event, () => clearTimeout(timer));
}

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Whether the target has agreed to this very handshake (RFC 6455 §4.1). Without the check any 101 would make the gateway pass on bytes that no rule
 * has seen, to a target that may still be speaking HTTP.
 */
function isAccepted(request: HandshakeRequest, incoming: IncomingMessage): boolean {
  const [key] = fieldLines(request.rawHeaders, "sec-websocket-key");
  const accepts = fieldLines(incoming.rawHeaders, "sec-websocket-accept");
  const upgrades = fieldLines(incoming.rawHeaders, "upgrade");
  if (incoming.statusCode !== SWITCHING_PROTOCOLS || accepts.length !== 1 || upgrades.length !== 1) return false;
  if (upgrades[0]?.toLowerCase() !== "websocket") return false;
  return accepts[0] === createHash("sha1").update(`${key}${GUID}`).digest("base64");
}

/** Passes on the ordinary response of a target that does not want a WebSocket. */
function relayRefusal(exchange: Exchange, { incoming, fail }: { incoming: IncomingMessage; fail: (answer: Fault) => void }): void {
  const { response } = exchange;
  const status = incoming.statusCode ?? 0;
  if (status < 200 || response.headersSent) return fail(invalidUpgrade);
  exchange.status = status;
  response.writeHead(status, [...responseFields(incoming.rawHeaders, status), "Connection", "close"]);
  incoming.on("error", () => response.destroy());
  incoming.on("data", (chunk: Buffer) => {
    exchange.responseBytes += chunk.length;
  });
  incoming.pipe(response);
}
