import { createServer, type RequestListener, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { clientOf, readConfig } from "@wherefrom/proxies";
import { afterEach, expect, test } from "vitest";
import { ask } from "./client/http.ts";

const require = createRequire(import.meta.url);
const PEER = "127.0.0.2";
const STRANGER = "127.0.0.3";

/** What stands before and behind a setting, so that it is a program that gives a listener for requests. */
const frameworks = {
  express: [
    'const express = require("express");',
    "app.use((request, response) => response.end(JSON.stringify(request.ip)));\nreturn app;",
  ],
  fastify: [
    'const fastify = require("fastify");',
    'app.get("/", (request, reply) => reply.send(JSON.stringify(request.ip)));\nreturn app.ready().then(() => app.routing);',
  ],
  koa: ['const Koa = require("koa");', "app.use((context) => { context.body = JSON.stringify(context.ip); });\nreturn app.callback();"],
} as const;

const programs: readonly { readonly framework: keyof typeof frameworks; readonly program: string }[] = [
  ...[
    "",
    "true",
    "false",
    "0",
    "1",
    "2",
    "1.5",
    "-1",
    '"loopback"',
    `"${PEER}, uniquelocal"`,
    `["${PEER}", "10.0.0.0/8"]`,
    "[]",
    "null",
    "",
  ].map((value) => ({
    framework: "express" as const,
    program: `const app = express();${value === "" ? "" : `app.set("trust proxy", ${value});`}`,
  })),
  { framework: "express", program: 'const app = express(); app.enable("trust proxy"); app.set("trust proxy", 1);' },
  { framework: "express", program: 'const app = express(); app.enable("trust proxy"); app.disable("trust proxy");' },
  ...[
    "{}",
    "{ trustProxy: true }",
    "{ trustProxy: 1 }",
    "{ trustProxy: 0 }",
    '{ trustProxy: "" }',
    `{ trustProxy: "${PEER},linklocal" }`,
    `{ trustProxy: ["loopback"] }`,
    "{ trustProxy: [] }",
  ].map((options) => ({
    framework: "fastify" as const,
    program: `const app = fastify(${options});`,
  })),
  ...[
    "",
    "{ proxy: true }",
    "{ proxy: true, maxIpsCount: 1 }",
    "{ proxy: true, maxIpsCount: 2 }",
    '{ proxy: true, proxyIpHeader: "X-Real-IP" }',
    "{ maxIpsCount: 1 }",
  ].map((options) => ({
    framework: "koa" as const,
    program: `const app = new Koa(${options});`,
  })),
  { framework: "koa", program: 'const app = new Koa({ proxy: true }); app.proxyIpHeader = "x-client-ip"; app.maxIpsCount = 1;' },
];

const requests: readonly (readonly (readonly [string, string])[])[] = [
  [],
  [["X-Forwarded-For", "192.0.2.123"]],
  [
    ["X-Forwarded-For", "192.0.2.123, 203.0.113.7"],
    ["X-Forwarded-For", "10.0.0.2"],
    ["X-Real-IP", "192.0.2.71"],
    ["X-Client-IP", "192.0.2.72, 192.0.2.73"],
  ],
  [["X-Forwarded-For", "10.0.0.1, 10.0.0.2"]],
];

let server: Server | undefined;
afterEach(() => server?.closeAllConnections());
afterEach(() => new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve))));

test.each(programs)("$framework: $program", async ({ framework, program }) => {
  const [before, behind] = frameworks[framework];
  const text = [before, program, behind].join("\n");
  const { passages, issues } = readConfig({ name: "app.js", text });
  expect(issues).toEqual([]);
  const [passage] = passages;
  if (passage?.kind !== "service") throw new Error("No service was read");
  server = createServer(await (new Function("require", text)(require) as RequestListener | Promise<RequestListener>));
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  for (const fields of requests) {
    const headers: Record<string, string[]> = {};
    for (const [field, value] of fields) headers[field] = [...(headers[field] ?? []), value];
    for (const from of [PEER, STRANGER]) {
      const { body } = await ask<string>(`http://127.0.0.1:${port}/`, { from, headers });
      expect(clientOf(passage.client, { peer: from, fields })).toBe(body);
    }
  }
});
