import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openedOf } from "./contract.ts";
import { openWire, receiveFrame, request, sendFrame, upgrade } from "./wire.ts";

const root = new URL("../../../../", import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, root));
const readText = (name: string) => readFileSync(new URL(name, root), "utf8");

const CHAIN = ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.7, 10.0.0.2"];
const CLIENT = { ip: "203.0.113.7", trust: "verified" };

/** Imports a compiled example. */
const load = <Module>(name: string) => import(new URL(`examples/dist/${name}.js`, root).href) as Promise<Module>;

const servers: Server[] = [];

async function start(name: string): Promise<number> {
  const { server } = await load<{ server: Server }>(name);
  servers.push(server);
  if (!server.listening) await once(server, "listening");
  expect(server.maxHeadersCount).toBe(0);
  return openedOf(server).port;
}

beforeAll(async () => {
  vi.stubEnv("PORT", "0");
  // The compiler is the judge: an example whose types are wrong does not get here.
  await promisify(execFile)(process.execPath, [pathOf("node_modules/typescript/bin/tsc"), "-p", pathOf("examples")]).catch(
    (error: { stdout: string }) => {
      throw new Error(error.stdout);
    },
  );
});

afterAll(() => {
  vi.unstubAllEnvs();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

describe("an example answers with the client behind the proxies", () => {
  test.each(["express", "fastify", "koa", "hono", "nest"])("%s", async (framework) => {
    const wire = openWire(await start(`${framework}/server`));
    expect(JSON.parse(await request(wire, "GET /", { fields: CHAIN }))).toEqual(CLIENT);
    wire.close();
  });

  test("ws", async () => {
    const wire = openWire(await start("ws/server"));
    await upgrade(wire, "/", CHAIN);
    expect(JSON.parse(await receiveFrame(wire))).toEqual(CLIENT);
    wire.close();
  });

  test("socket-io", async () => {
    const wire = openWire(await start("socket-io/server"));
    await upgrade(wire, "/socket.io/?EIO=4&transport=websocket", CHAIN);
    sendFrame(wire, "40");
    let packet = "";
    while (!packet.startsWith("42")) packet = await receiveFrame(wire);
    expect(JSON.parse(packet.slice(2))).toEqual(["client", CLIENT]);
    wire.close();
  });

  test("the gateway of nest", async () => {
    const wire = openWire(await start("nest/server"));
    await upgrade(wire, "/", CHAIN);
    sendFrame(wire, '{"event":"client"}');
    expect(JSON.parse(await receiveFrame(wire))).toEqual(CLIENT);
    wire.close();
  });

  const fetched = () => new Request("http://service.example/", { headers: { "X-Forwarded-For": "6.6.6.6, 203.0.113.7, 10.0.0.2" } });

  test("hono on a runtime of the Fetch standard", async () => {
    const { app } = await load<typeof import("../../../../examples/hono/runtime.ts")>("hono/runtime");
    const response = await app.request("/", { headers: { "CF-Connecting-IP": "203.0.113.7", "X-Forwarded-For": "6.6.6.6" } });
    expect(await response.json()).toEqual(CLIENT);
  });

  test("a handler of the Fetch standard", async () => {
    const { handle } = await load<typeof import("../../../../examples/fetch/handler.ts")>("fetch/handler");
    expect(await handle(fetched(), "127.0.0.1").json()).toEqual(CLIENT);
    expect(await handle(fetched(), "198.51.100.9").json()).toEqual({ ip: "198.51.100.9", trust: "verified" });
    expect(await handle(fetched(), "").json()).toEqual({ ip: null, trust: "unverified" });
  });

  test("a worker, whose peer is what the edge saw", async () => {
    const worker = await load<typeof import("../../../../examples/fetch/worker.ts")>("fetch/worker");
    const request = new Request("http://service.example/", {
      headers: { "CF-Connecting-IP": "203.0.113.7", "X-Forwarded-For": "6.6.6.6" },
    });
    expect(await worker.default.fetch(request).json()).toEqual(CLIENT);
  });
});

describe("the guides", () => {
  const guides = readdirSync(new URL("docs/guides/", root)).filter((name) => /^migrate-.*\.md$/.test(name));

  test.each(guides)("%s quotes the examples as they are", (guide) => {
    const blocks = [...readText(`docs/guides/${guide}`).matchAll(/(?:^|\n)(.*)\n\n?```(\w*)\n([\s\S]*?)\n```/g)];
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, lead = "", language = "", code = ""] of blocks) {
      const file = /\]\(\.\.\/\.\.\/(examples\/[\w./-]+)\)/.exec(lead)?.[1];
      expect({ language, isQuote: file !== undefined && `\n${readText(file)}`.includes(`\n${code}\n`), lead }).toEqual({
        language: "ts",
        isQuote: true,
        lead,
      });
    }
  });

  test("are there for every framework that has an example", () => {
    // A folder without a program in it is no framework's: the decision endpoint's has files for nginx and its like.
    const folders = readdirSync(new URL("examples/", root), { withFileTypes: true }).filter(
      (entry) =>
        entry.isDirectory() && entry.name !== "dist" && readdirSync(pathOf(`examples/${entry.name}`)).some((file) => file.endsWith(".ts")),
    );
    expect(guides).toEqual(folders.map(({ name }) => `migrate-${name}.md`).toSorted());
  });
});
