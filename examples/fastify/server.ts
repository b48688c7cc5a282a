import Fastify from "fastify";
import { createResolver, parsePolicy } from "wherefrom";
import { clientIp, type WithClientIp } from "wherefrom/fastify";

declare module "fastify" {
  interface FastifyRequest extends WithClientIp {}
}

const resolver = createResolver(
  parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } }),
);

const app = Fastify();
app.register(clientIp(resolver));

app.get("/", async (request) => {
  const { ip, trust } = request.clientIp;
  return { ip, trust };
});

app.server.maxHeadersCount = 0;
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 8000) });
export const { server } = app;
