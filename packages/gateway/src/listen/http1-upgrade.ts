import { type IncomingMessage, ServerResponse } from "node:http";
import type { Answering } from "./pipeline.ts";

/**
 * What a connection is answered by that Node has handed over. The response is for a refusal, and closes the connection when it is sent; the
 * upgrade is for a WebSocket.
 */
export function takeOver(request: IncomingMessage, head: Buffer): Answering {
  const { socket } = request;
  const response = new ServerResponse(request);
  // Node no longer listens for room to write.
  const onDrain = (): void => void response.emit("drain");
  socket.on("drain", onDrain);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => socket.destroySoon());
  const open = (fields: readonly string[]): void => {
    response.detachSocket(socket);
    socket.off("drain", onDrain);
    socket.write(switchingProtocols(fields), "latin1");
  };
  return { response, upgrade: { duplex: socket, head, open } };
}

/** The header that agrees to a WebSocket, with the fields of the target's. Source: RFC 6455 §4.2.2. */
export function switchingProtocols(fields: readonly string[]): string {
  const lines = ["HTTP/1.1 101 Switching Protocols"];
  for (let index = 0; index + 1 < fields.length; index += 2) lines.push(`${fields[index]}: ${fields[index + 1]}`);
  lines.push("Connection: Upgrade", "Upgrade: websocket");
  return `${lines.join("\r\n")}\r\n\r\n`;
}
