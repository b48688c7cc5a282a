import { wire } from "./wire.ts";

/** A WebSocket handshake with the key of RFC 6455 §1.3. */
export const HANDSHAKE: string = wire(
  "GET / HTTP/1.1",
  "Host: a",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
);

/** The answer of a target that agrees to it. */
export const SWITCHING: string = wire(
  "HTTP/1.1 101 Switching Protocols",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
);
