import type { ClientRequest } from "../client-message.ts";
import { closingFault, type Fault } from "../fault.ts";
import { fieldLines } from "./field-lines.ts";
import type { FramingFields } from "./framing.ts";

/** A nonce of 16 bytes in base64 (RFC 6455 §4.1). */
const KEY = /^[A-Za-z0-9+/]{22}==$/;
const VERSION = "13";

const refused = closingFault(400, {
  code: "UPGRADE_REFUSED",
  message: "Expected a WebSocket handshake: GET, HTTP/1.1, no body, Upgrade: websocket",
});
const badKey = closingFault(400, { code: "UPGRADE_REFUSED", message: "Expected exactly one Sec-WebSocket-Key of 16 bytes in base64" });
const badVersion = closingFault(426, {
  code: "WEBSOCKET_VERSION_UNSUPPORTED",
  message: "Expected Sec-WebSocket-Version 13",
  fields: ["Sec-WebSocket-Version", VERSION, "Upgrade", "websocket"],
});
/** The client has sent more behind its handshake than is kept for it. */
export const headTooLarge: Fault = closingFault(400, {
  code: "UPGRADE_HEAD_TOO_LARGE",
  message: "Too much was sent before the handshake was answered",
});

/**
 * Finds why an upgrade is no WebSocket handshake that can be passed on, or `undefined`. Anything else that a connection could be upgraded
 * to would run past every rule of the gateway, so it is refused and not ignored.
 *
 * Source: RFC 6455 §4.2.1 and §4.4.
 */
export function handshakeFault(request: ClientRequest, { fields, headBytes, maxHeadBytes }: HandshakeContext): Fault | undefined {
  if (request.method !== "GET" || request.httpVersion === "1.0") return refused;
  if (fields.contentLengths > 0 || fields.transferEncodings > 0) return refused;
  if (fields.upgrades !== 1 || fields.upgrade.toLowerCase() !== "websocket") return refused;
  const versions = fieldLines(request.rawHeaders, "sec-websocket-version");
  if (versions.length !== 1 || versions[0] !== VERSION) return badVersion;
  const keys = fieldLines(request.rawHeaders, "sec-websocket-key");
  if (keys.length !== 1 || !KEY.test(keys[0] ?? "")) return badKey;
  return headBytes > maxHeadBytes ? headTooLarge : undefined;
}

type HandshakeContext = { readonly fields: FramingFields; readonly headBytes: number; readonly maxHeadBytes: number };
