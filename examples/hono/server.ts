import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { createResolver, parsePolicy } from "wherefrom";
import { type ClientIpVariables, clientIp } from "wherefrom/hono";

const resolver = createResolver(
  parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } }),
);

const app = new Hono<{ Variables: ClientIpVariables }>();
app.use(clientIp(resolver));

app.get("/", (context) => {
  const { ip, trust } = context.var.clientIp;
  return context.json({ ip, trust });
});

export const server = createServer(getRequestListener(app.fetch));
server.maxHeadersCount = 0;
server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
