import { createServer } from "node:http";
import { Server } from "socket.io";
import { createResolver, parsePolicy } from "wherefrom";
import { type ClientIpData, clientIp } from "wherefrom/socket-io";

type Events = { client: (client: { ip: string | null; trust: string }) => void };
type NoEvents = Record<string, never>;

const resolver = createResolver(
  parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } }),
);

export const server = createServer();
server.maxHeadersCount = 0;

const io = new Server<NoEvents, Events, NoEvents, ClientIpData>(server);
io.use(clientIp(resolver));

io.on("connection", (socket) => {
  const { ip, trust } = socket.data.clientIp;
  socket.emit("client", { ip, trust });
});

server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
