import Fastify, { type FastifyInstance, type FastifyServerOptions } from "fastify";
import { describe, expect, test } from "vitest";
import { clientIp, type WithClientIp } from "../../src/adapters/fastify.ts";
import { createResolver, parsePolicy, type Resolution } from "../../src/index.ts";
import { adapterContract, byRequest, maxHeaderSize, nodeOptions, openedOf } from "./contract.ts";
import { openWire, request } from "./wire.ts";

declare module "fastify" {
  interface FastifyRequest extends WithClientIp {}
}

adapterContract("Fastify", {
  async open(setting) {
    const app = Fastify({ http: { maxHeaderSize } });
    app.server.maxHeadersCount = 0;
    app.register(clientIp(setting.resolver, nodeOptions(setting)));
    app.register((child, _options, done) => {
      child.addHook("onRequest", async (request) => void request.clientIp);
      child.get("/", async (request) => request.clientIp);
      done();
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { port: openedOf(app.server).port, close: () => app.close() };
  },
  ways: { request: byRequest },
});

/** What an app answers to two clients behind the proxy 127.0.0.1, and to one that reaches it with a forged entry. */
async function answersOf(app: FastifyInstance): Promise<readonly unknown[]> {
  await app.listen({ port: 0, host: "127.0.0.1" });
  const wire = openWire(openedOf(app.server).port);
  const answers: unknown[] = [];
  for (const chain of ["203.0.113.7", "198.51.100.9", "6.6.6.6, 203.0.113.7"]) {
    answers.push(JSON.parse(await request(wire, "GET /", { fields: [`X-Forwarded-For: ${chain}`] })));
  }
  wire.close();
  await app.close();
  return answers;
}

describe("the Fastify ≥ 5.12.1 numeric trustProxy case", () => {
  const asking = (options: FastifyServerOptions) => Fastify(options).get("/", async (request) => ({ ip: request.ip }));

  test("trustProxy: 1 gives the proxy's address for every client", async () => {
    // Fastify's types refuse a number since then; JavaScript, and a setting that was read from a file, do not.
    const options = { trustProxy: 1 } as unknown as FastifyServerOptions;
    expect(await answersOf(asking(options))).toEqual([{ ip: "127.0.0.1" }, { ip: "127.0.0.1" }, { ip: "127.0.0.1" }]);
  });

  test("trustProxy: true gives what the client wrote", async () => {
    expect(await answersOf(asking({ trustProxy: true }))).toEqual([{ ip: "203.0.113.7" }, { ip: "198.51.100.9" }, { ip: "6.6.6.6" }]);
  });

  test("one line gives each client its own address, verified", async () => {
    const policy = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1, trustedPeers: ["127.0.0.1"] } };
    const app = Fastify();
    app.register(clientIp(createResolver(parsePolicy(policy))));
    app.get("/", async ({ clientIp: { ip, trust } }) => ({ ip, trust }));
    const verified = (ip: string) => ({ ip, trust: "verified" });
    expect(await answersOf(app)).toEqual([verified("203.0.113.7"), verified("198.51.100.9"), verified("203.0.113.7")]);
  });
});

test("an injected request has a client too", async () => {
  const app = Fastify();
  app.register(clientIp(createResolver(parsePolicy({ peerAddressAlgorithm: {} }))));
  app.get("/", async (request) => request.clientIp);
  const response = await app.inject({ path: "/", remoteAddress: "192.0.2.9" });
  expect(response.json<Resolution>()).toMatchObject({ ip: "192.0.2.9", trust: "verified" });
  await app.close();
});
