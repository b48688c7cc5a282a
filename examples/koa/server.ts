import Koa from "koa";
import { createResolver, parsePolicy } from "wherefrom";
import { type ClientIpState, clientIp } from "wherefrom/koa";

const resolver = createResolver(
  parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } }),
);

const app = new Koa<ClientIpState>();
app.use(clientIp(resolver));

app.use((context) => {
  const { ip, trust } = context.state.clientIp;
  context.body = { ip, trust };
});

export const server = app.listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
server.maxHeadersCount = 0;
