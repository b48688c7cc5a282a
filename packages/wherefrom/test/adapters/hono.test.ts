import { createServer } from "node:http";
import { createAdaptorServer, type HttpBindings, upgradeWebSocket, type WebSocketServerLike } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { type ClientIpVariables, clientIp } from "../../src/adapters/hono.ts";
import { createResolver, parsePolicy, type Resolution } from "../../src/index.ts";
import { adapterContract, byRequest, byUpgrade, listen, maxHeaderSize, rowNumberOf, type Setting } from "./contract.ts";
import { serveFetch, takenApart } from "./fetch-server.ts";

type NodeEnv = { Bindings: HttpBindings; Variables: ClientIpVariables };

function nodeApp({ resolver, peerOf }: Setting): Hono<NodeEnv> {
  const middleware = clientIp(resolver, { peerOf: peerOf && ((context: Context<NodeEnv>) => peerOf(rowNumberOf(context.env.incoming))) });
  const app = new Hono<NodeEnv>();
  app.use(middleware).use(middleware);
  app.get(
    "/",
    upgradeWebSocket((context: Context<NodeEnv>) => ({ onOpen: (_event, socket) => socket.send(JSON.stringify(context.var.clientIp)) })),
    (context) => context.json(context.var.clientIp),
  );
  return app;
}

adapterContract("Hono on @hono/node-server", {
  open(setting) {
    const { fetch } = nodeApp(setting);
    const websocket = { server: new WebSocketServer({ noServer: true }) as unknown as WebSocketServerLike };
    const server = createAdaptorServer({ fetch, serverOptions: { maxHeaderSize }, createServer, websocket });
    return listen(server as ReturnType<typeof createServer>);
  },
  ways: { request: byRequest, upgrade: byUpgrade },
});

type FetchEnv = { Bindings: { remote: string | undefined }; Variables: ClientIpVariables };

function fetchApp({ resolver, peerOf }: Setting): Hono<FetchEnv> {
  const middleware = clientIp(resolver, {
    peerOf: (context: Context<FetchEnv>) => (peerOf === undefined ? context.env.remote : peerOf(context.req.header("x-row"))),
  });
  const app = new Hono<FetchEnv>();
  app.use(middleware).use(middleware);
  return app.get("/", (context) => context.json(context.get("clientIp")));
}

adapterContract("Hono on a runtime of the Fetch standard", {
  open(setting) {
    const app = fetchApp(setting);
    return serveFetch((request, remote) => app.fetch(request, { remote }));
  },
  ways: { request: byRequest },
  differing: takenApart,
});

test("without peerOf a fetch runtime's peer is nobody, whom not even unix: trusts", async () => {
  const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["unix:"] } };
  const app = new Hono<{ Variables: ClientIpVariables }>();
  app.use(clientIp(createResolver(parsePolicy(policy)))).get("/", (context) => context.json(context.var.clientIp));
  const response = await app.request("/", { headers: { "x-forwarded-for": "6.6.6.6" } });
  expect((await response.json()) as Resolution).toMatchObject({ ip: null, reason: "peer-unknown" });
});
