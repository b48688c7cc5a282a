import { type Context, Hono } from "hono";
import { getConnInfo } from "hono/cloudflare-workers";
import { createResolver, parsePolicy } from "wherefrom";
import { type ClientIpVariables, clientIp } from "wherefrom/hono";

const resolver = createResolver(
  parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } }),
);

export const app = new Hono<{ Variables: ClientIpVariables }>();
app.use(clientIp(resolver, { peerOf: (context: Context) => getConnInfo(context).remote.address ?? "" }));

app.get("/", (context) => {
  const { ip, trust } = context.var.clientIp;
  return context.json({ ip, trust });
});
