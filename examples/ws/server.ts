import { createServer } from "node:http";
import { createResolver, parsePolicy } from "wherefrom";
import { withClient } from "wherefrom/ws";
import { type WebSocket, WebSocketServer } from "ws";

const resolver = createResolver(
  parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } }),
);

export const server = createServer();
server.maxHeadersCount = 0;

const sockets = new WebSocketServer({ server });
sockets.on(
  "connection",
  withClient(resolver, (socket: WebSocket, _request, { ip, trust }) => {
    socket.send(JSON.stringify({ ip, trust }));
  }),
);

server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
