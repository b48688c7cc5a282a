import { createServer, type IncomingMessage } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { withClient } from "../../src/adapters/ws.ts";
import { adapterContract, byUpgrade, listen, maxHeaderSize, nodeOptions } from "./contract.ts";

adapterContract("ws", {
  open(setting) {
    const server = createServer({ maxHeaderSize });
    const sockets = new WebSocketServer({ server });
    sockets.on(
      "connection",
      withClient(
        setting.resolver,
        (socket: WebSocket, _request: IncomingMessage, client) => socket.send(JSON.stringify(client)),
        nodeOptions(setting),
      ),
    );
    return listen(server);
  },
  ways: { upgrade: byUpgrade },
});
