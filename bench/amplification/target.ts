import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { serve } from "../traffic/answering.ts";

const SWITCHING = [
  "HTTP/1.1 101 Switching Protocols",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
];

// Program: the target behind the gateway. Reads whatever body comes and answers with a byte; takes a WebSocket with the key of RFC 6455 §1.3, and what is sent on it says nothing to it.
const server = createServer({ noDelay: true }, (request, response) => void request.resume().once("end", () => response.end("x")));
server.on("upgrade", (_request: IncomingMessage, socket: Socket) => {
  socket.on("error", () => undefined);
  socket.write(`${SWITCHING.join("\r\n")}\r\n\r\n`);
  socket.resume().once("end", () => socket.end());
});
await serve(server);
