import type { ClientRequest } from "../client-message.ts";
import { fieldsText } from "../field-text.ts";
import { type Answering, pipelineOf } from "./pipeline.ts";
import { PlainResponse } from "./plain/plain-response.ts";

/**
 * What a connection is answered by on which a handshake was read, whoever has read it. The response is for a refusal, and closes the connection when it is sent; the upgrade is for a
 * WebSocket. `head`: what was read behind the handshake.
 */
export function takeOver({ socket, method = "" }: ClientRequest, head: Buffer): Answering {
  // it is the last on its connection
  const response = new PlainResponse(socket, { method, keepAliveTimeoutMs: 0, onFinished: () => pipelineOf(socket).linger() });
  response.shouldKeepAlive = false;
  const onDrain = (): void => response.drained();
  const onClose = (): void => response.close();
  socket.on("drain", onDrain);
  socket.on("close", onClose);
  const open = (fields: readonly string[]): void => {
    response.release();
    socket.off("drain", onDrain);
    socket.off("close", onClose);
    socket.write(switchingProtocols(fields), "latin1");
  };
  return { response, upgrade: { duplex: socket, head, open } };
}

/** RFC 6455 §4.2.2. */
function switchingProtocols(fields: readonly string[]): string {
  return `HTTP/1.1 101 Switching Protocols\r\n${fieldsText(fields)}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
}
