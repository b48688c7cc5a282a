import { fork } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { HANDSHAKE, SWITCHING } from "./rig/handshake.ts";
import { own } from "./rig/owned.ts";
import { openRawTarget } from "./rig/raw-target.ts";
import { converse, until, wire } from "./rig/wire.ts";

const PROGRAM = fileURLToPath(new URL("gateway-process.mjs", import.meta.url));

/** Each of these times is over while the process stands still. */
const LIMIT_MS = 1_000;
const STILL_MS = 1_500;
const limits = {
  connectTimeoutMs: LIMIT_MS,
  upstreamHeadersTimeoutMs: LIMIT_MS,
  bodyTimeoutMs: LIMIT_MS,
  continueTimeoutMs: LIMIT_MS,
  responseStallTimeoutMs: LIMIT_MS,
  webSocketIdleTimeoutMs: LIMIT_MS,
  halfCloseTimeoutMs: LIMIT_MS,
  maxTargetFailures: 1,
};

const OK = wire("HTTP/1.1 200 OK", "Content-Length: 4");
const upload = (path: string): string =>
  `${wire(`PUT ${path} HTTP/1.1`, "Host: a", "Transfer-Encoding: chunked", "Trailer: X-Sum")}2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n`;

/** What is asked, what the target says at once, and what it says while the gateway stands still. */
const waits = [
  { path: "/from-the-pool", asks: wire("GET /from-the-pool HTTP/1.1", "Host: a"), before: "", says: `${OK}done` },
  { path: "/in-the-body", asks: wire("GET /in-the-body HTTP/1.1", "Host: a"), before: `${OK}do`, says: "ne" },
  { path: "/alone", asks: upload("/alone"), before: "", says: `${OK}done` },
  { path: "/alone-in-the-body", asks: upload("/alone-in-the-body"), before: `${OK}do`, says: "ne" },
  { path: "/socket", asks: HANDSHAKE.replace(/^GET \S+/, "GET /socket"), before: "", says: `${SWITCHING}done` },
];

test("a gateway that stood still for longer than its limits blames nobody for it", async () => {
  const asked = new Map<string, Socket>();
  const target = await openRawTarget((socket, heard) => {
    const wait = waits.find(({ path }) => heard.includes(` ${path} `));
    if (wait === undefined) return void socket.write(`${OK}done`);
    const isWhole = heard.endsWith("\r\n\r\n") && (!heard.startsWith("PUT") || heard.includes("X-Sum: 1"));
    if (!isWhole || asked.has(wait.path)) return;
    asked.set(wait.path, socket);
    if (wait.before !== "") socket.write(wait.before);
  });
  const program = fork(PROGRAM, [target.origin, JSON.stringify(limits)]);
  own({ close: async () => void program.kill("SIGKILL") });
  const [{ port }] = (await once(program, "message")) as [{ readonly port: number }];
  const clients = await Promise.all(
    waits.map(async ({ asks, before }) => {
      const client = await converse(port);
      client.write(asks);
      if (before !== "") await client.readUntil(/do$/);
      return client;
    }),
  );
  await until(() => asked.size === waits.length);
  // As if it were stopped there: its timers come before it reads again, and so before what is said to it now. Were it late to begin, it would only be spared.
  program.send({ ask: "standStill", ms: STILL_MS });
  await sleep(300);
  for (const { path, says } of waits) asked.get(path)?.write(says);
  await once(program, "message");
  for (const [index, { path }] of waits.entries()) {
    const said = await clients[index]?.readUntil(/ne$|^HTTP\/1\.1 [45]/);
    expect([path, said]).toEqual([path, expect.stringMatching(/^(?:ne$|HTTP\/1\.1 (?:200|101) [\s\S]*done$)/)]);
  }
  program.send({ ask: "targets" });
  const [{ targets }] = await once(program, "message");
  expect(targets).toMatchObject([{ standing: "in-use", failuresInRow: 0 }]);
  for (const client of clients) client.socket.destroy();
});
