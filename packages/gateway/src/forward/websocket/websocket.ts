import type { Upgrade } from "../../client-message.ts";
import type { Exchange } from "../../exchange.ts";
import { fieldsText, isFieldValue } from "../../field-text.ts";
import type { CompiledRoute } from "../../route/route-table.ts";
import type { Runtime } from "../../runtime.ts";
import { requestFields } from "../request-fields.ts";
import { Handshake } from "./handshake.ts";

type WebSocketContext = { readonly route: CompiledRoute; readonly upgrade: Upgrade; readonly runtime: Runtime };

/**
 * Passes a WebSocket handshake on, and when the target has truly agreed, joins the two connections. From then on bytes pass unread: they are
 * never HTTP again. A target that declines answers as over HTTP.
 *
 * Source: RFC 6455 §4.1 and §4.2.2; RFC 9110 §7.8.
 */
export function forwardWebSocket(exchange: Exchange, { route, upgrade, runtime }: WebSocketContext): void {
  const upstream = runtime.upstreams.of(route.targets).choose(exchange.startedAtMs);
  exchange.sentTo = upstream.target.origin;
  exchange.attempts = 1;
  const fields = requestFields(exchange, { route, target: upstream.target, runtime });
  new Handshake(exchange, { route, upgrade, upstream, runtime }).begin(handshakeText(exchange.target?.pathAndQuery ?? "/", fields));
}

/** The request as it goes over the wire. */
function handshakeText(pathAndQuery: string, fields: readonly string[]): string {
  if (!isFieldValue(fields.join("\t"))) throw new Error("A field holds what no header may");
  return `GET ${pathAndQuery} HTTP/1.1\r\n${fieldsText(fields)}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
}
