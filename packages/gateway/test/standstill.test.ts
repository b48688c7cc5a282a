import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { withTimeEnough } from "../../../tools/patience.ts";
import { HANDSHAKE, SWITCHING } from "./rig/handshake.ts";
import { openHttp2Target } from "./rig/http2-target.ts";
import { own } from "./rig/owned.ts";
import { openRawTarget } from "./rig/raw-target.ts";
import { converse, until, wire } from "./rig/wire.ts";

const PROGRAM = fileURLToPath(new URL("gateway-process.mjs", import.meta.url));

/** Each of these times is over while the process stands still. */
const limitsOf = (limitMs: number): object => ({
  connectTimeoutMs: limitMs,
  upstreamHeadersTimeoutMs: limitMs,
  bodyTimeoutMs: limitMs,
  continueTimeoutMs: limitMs,
  responseStallTimeoutMs: limitMs,
  webSocketIdleTimeoutMs: limitMs,
  halfCloseTimeoutMs: limitMs,
  maxTargetFailures: 1,
});

const OK = wire("HTTP/1.1 200 OK", "Content-Length: 4");
const upload = (path: string): string =>
  `${wire(`PUT ${path} HTTP/1.1`, "Host: a", "Transfer-Encoding: chunked", "Trailer: X-Sum")}2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n`;

/** What is asked of a target of HTTP/1.1, what it says at once, and what it says while the gateway stands still. */
const waits = [
  { path: "/from-the-pool", asks: wire("GET /from-the-pool HTTP/1.1", "Host: a"), before: "", says: `${OK}done` },
  { path: "/in-the-body", asks: wire("GET /in-the-body HTTP/1.1", "Host: a"), before: `${OK}do`, says: "ne" },
  { path: "/alone", asks: upload("/alone"), before: "", says: `${OK}done` },
  { path: "/alone-in-the-body", asks: upload("/alone-in-the-body"), before: `${OK}do`, says: "ne" },
  { path: "/total", asks: wire("GET /total HTTP/1.1", "Host: a"), before: "", says: `${OK}done` },
  { path: "/socket", asks: HANDSHAKE.replace(/^GET \S+/, "GET /socket"), before: "", says: `${SWITCHING}done` },
  {
    path: "/declined",
    asks: HANDSHAKE.replace(/^GET \S+/, "GET /declined"),
    before: "HTTP/1.1 4",
    says: `03 No\r\nContent-Length: 4\r\n\r\ndone`,
  },
];

/** The same of a target of HTTP/2. */
const http2Waits = [
  { path: "/2/header", asks: wire("GET /2/header HTTP/1.1", "Host: a"), begins: false },
  { path: "/2/body", asks: wire("GET /2/body HTTP/1.1", "Host: a"), begins: true },
  { path: "/2/upload", asks: `${wire("PUT /2/upload HTTP/1.1", "Host: a", "Content-Length: 2")}ab`, begins: false },
];

function respond(stream: ServerHttp2Stream, text: string): void {
  stream.respond({ ":status": 200 });
  stream.write(text);
}

/** The first makes sure that its timers come before it reads again. */
const ways = [
  {
    how: "in the middle of its loop",
    begin: (program: ChildProcess, ms: number) => void program.send({ ask: "standStill", ms }),
    end: (program: ChildProcess) => once(program, "message"),
  },
  {
    how: "stopped by a signal",
    begin: (program: ChildProcess) => void program.kill("SIGSTOP"),
    end: (program: ChildProcess, ms: number) => sleep(ms).then(() => program.kill("SIGCONT")),
  },
];

test.each(ways)("a gateway that stood still, $how, for longer than its limits blames nobody for it", async ({ begin, end }) => {
  await withTimeEnough(500, async (limitMs) => {
    const stillMs = 1.5 * limitMs;
    const asked = new Map<string, Socket>();
    const target = await openRawTarget((socket, heard) => {
      const wait = waits.find(({ path }) => heard.includes(` ${path} `));
      if (wait === undefined) return void socket.write(`${OK}done`);
      const isWhole = heard.endsWith("\r\n\r\n") && (!heard.startsWith("PUT") || heard.includes("X-Sum: 1"));
      if (!isWhole || asked.has(wait.path)) return;
      asked.set(wait.path, socket);
      if (wait.before !== "") socket.write(wait.before);
    });
    const waiting = new Map<string, ServerHttp2Stream>();
    const http2Target = await openHttp2Target((stream, { ":path": path = "" }) => {
      stream.resume();
      waiting.set(path, stream);
      if (http2Waits.find((wait) => wait.path === path)?.begins) respond(stream, "do");
    });
    const more = [
      { name: "total", basePath: "/total", target: target.origin, timeouts: { totalMs: limitMs } },
      { name: "two", basePath: "/2", targets: [{ url: http2Target.url, http2: true }] },
    ];
    const program = fork(PROGRAM, [target.origin, JSON.stringify(limitsOf(limitMs)), JSON.stringify(more)]);
    own({ close: async () => void program.kill("SIGKILL") });
    const [{ port }] = (await once(program, "message")) as [{ readonly port: number }];
    const all = [...waits.map(({ before, ...wait }) => ({ ...wait, begins: before.endsWith("do") })), ...http2Waits];
    const clients = await Promise.all(
      all.map(async ({ asks, begins }) => {
        const client = await converse(port);
        client.write(asks);
        if (begins) await client.readUntil(/do\r?\n?$/);
        return client;
      }),
    );
    await until(() => asked.size === waits.length && waiting.size === http2Waits.length);
    // Before what is said to it now; were it late to begin, it would only be spared.
    begin(program, stillMs);
    await sleep(0.3 * limitMs);
    for (const { path, says } of waits) asked.get(path)?.write(says);
    for (const { path, begins } of http2Waits) {
      const stream = waiting.get(path);
      if (!begins && stream !== undefined) respond(stream, "do");
      stream?.end("ne");
    }
    await end(program, stillMs);
    for (const [index, { path }] of all.entries()) {
      const said = await clients[index]?.readUntil(/ne$|ne\r\n0\r\n\r\n$|^HTTP\/1\.1 (?!403)[45]/);
      expect([path, said]).toEqual([path, expect.stringMatching(/^(?:2\r\n)?ne|^HTTP\/1\.1 (?:200|101|403) [\s\S]*do(?:\r\n2\r\n)?ne/)]);
    }
    program.send({ ask: "targets" });
    const [{ targets }] = await once(program, "message");
    expect(targets).toMatchObject([
      { standing: "in-use", failuresInRow: 0 },
      { standing: "in-use", failuresInRow: 0 },
    ]);
    for (const client of clients) client.socket.destroy();
  });
});
