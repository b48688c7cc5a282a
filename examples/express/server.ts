import express from "express";
import { createResolver, parsePolicy } from "wherefrom";
import { clientIp, type WithClientIp } from "wherefrom/express";

declare module "express-serve-static-core" {
  interface Request extends WithClientIp {}
}

const resolver = createResolver(
  parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } }),
);

const app = express();
app.use(clientIp(resolver));

app.get("/", (request, response) => {
  const { ip, trust } = request.clientIp;
  response.json({ ip, trust });
});

export const server = app.listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
server.maxHeadersCount = 0;
