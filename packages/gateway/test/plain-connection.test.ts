import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import type { GatewayLimits } from "../src/limits.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { HANDSHAKE, SWITCHING } from "./rig/handshake.ts";
import { openTarget, type Target } from "./rig/target.ts";
import { type Conversation, converse, until } from "./rig/wire.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** Answers when it is told to, one after the other. */
async function openHolding(): Promise<Target & { readonly held: ServerResponse[] }> {
  const held: ServerResponse[] = [];
  const target = await openTarget((request, response) => {
    response.setHeader("Content-Length", String(request.url?.length));
    request.resume().once("end", () => held.push(response));
  });
  open.push(target);
  return { ...target, held };
}

async function openBefore(target: Target, limits: Partial<GatewayLimits> = {}): Promise<TestGateway> {
  const gateway = await openTestGateway(snapshotOf([{ target: target.origin }]), { limits });
  open.push(gateway);
  return gateway;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab`;
const chunked = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`;

/** What is sent in one go, and how many answers are waited for then. */
type Step = readonly [bytes: string, answers: number];

const courses: { what: string; steps: Step[]; paths: string[] }[] = [
  {
    what: "plain ones only",
    steps: [
      [get("/1"), 1],
      [get("/2"), 1],
      [get("/3"), 1],
    ],
    paths: ["/1", "/2", "/3"],
  },
  {
    what: "a body behind them",
    steps: [
      [get("/1"), 1],
      [post("/2"), 1],
      [get("/3"), 1],
    ],
    paths: ["/1", "/2", "/3"],
  },
  {
    what: "chunks behind them",
    steps: [
      [get("/1"), 1],
      [chunked("/2"), 1],
      [get("/3"), 1],
    ],
    paths: ["/1", "/2", "/3"],
  },
  {
    what: "one that is not plain first",
    steps: [
      [post("/1"), 1],
      [get("/2"), 1],
    ],
    paths: ["/1", "/2"],
  },
  {
    what: "two in one piece",
    steps: [
      [get("/1"), 1],
      [get("/2") + get("/3"), 2],
      [get("/4"), 1],
    ],
    paths: ["/1", "/2", "/3", "/4"],
  },
  {
    what: "two in one piece, then one before the first is answered",
    steps: [
      [get("/1") + get("/2"), 0],
      [get("/3"), 3],
    ],
    paths: ["/1", "/2", "/3"],
  },
  {
    what: "one before the first is answered",
    steps: [
      [get("/1"), 0],
      [get("/2"), 2],
      [get("/3"), 1],
    ],
    paths: ["/1", "/2", "/3"],
  },
  {
    what: "a body before the first is answered",
    steps: [
      [get("/1"), 0],
      [post("/2"), 2],
      [get("/3"), 1],
    ],
    paths: ["/1", "/2", "/3"],
  },
  {
    what: "half of one before the first is answered",
    steps: [
      [get("/1"), 0],
      [get("/2").slice(0, 9), 1],
      [get("/2").slice(9), 1],
    ],
    paths: ["/1", "/2"],
  },
  {
    what: "one byte ahead",
    steps: [
      [get("/1"), 1],
      [get("/2").slice(0, 1), 0],
      [get("/2").slice(1), 1],
    ],
    paths: ["/1", "/2"],
  },
];

describe("requests of one connection are answered in their order, whoever reads them:", () => {
  test.each(courses)("$what", async ({ steps, paths }) => {
    const target = await openHolding();
    const { port } = await openBefore(target);
    const client = await converse(port);
    let text = "";
    let due = 0;
    client.socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    const answered = (): number => text.match(/HTTP\/1\.1 200 /g)?.length ?? 0;
    for (const [bytes, answers] of steps) {
      client.write(bytes);
      for (due += answers; answered() < due; ) {
        await until(() => target.held.length > 0);
        const [response] = target.held.splice(0, 1);
        const before = answered();
        response?.end(response.req.url);
        await until(() => answered() > before);
      }
    }
    expect([...text.matchAll(/\r\n\r\n(\/\d)/g)].map(([, path]) => path)).toEqual(paths);
    client.socket.destroy();
  });
});

/** One whose target answers at once. */
async function converseWith(limits: Partial<GatewayLimits>): Promise<Conversation> {
  const target = await openTarget();
  open.push(target);
  return converse((await openBefore(target, limits)).port);
}

describe("a connection on which nothing is asked", () => {
  test("is told so after headersTimeoutMs when nothing has ever come", async () => {
    const client = await converseWith({ headersTimeoutMs: 60, requestTimeoutMs: 60, keepAliveTimeoutMs: 600_000 });
    expect(await client.readUntil(/REQUEST_TIMEOUT/)).toContain("HTTP/1.1 408 ");
    await client.closed;
  });

  test("is closed without a word after keepAliveTimeoutMs when it has been used", async () => {
    const client = await converseWith({ keepAliveTimeoutMs: 60, headersTimeoutMs: 600_000, requestTimeoutMs: 600_000 });
    client.write(get("/"));
    await client.readUntil(/GET \/$/);
    let more = "";
    client.socket.on("data", (chunk) => (more += chunk));
    await client.closed;
    expect(more).toBe("");
  });

  test("has a header's time for one that has begun", async () => {
    const client = await converseWith({ headersTimeoutMs: 60, requestTimeoutMs: 60, keepAliveTimeoutMs: 600_000 });
    client.write(get("/"));
    await client.readUntil(/GET \/$/);
    client.write(get("/").slice(0, 9));
    expect(await client.readUntil(/REQUEST_TIMEOUT/)).toContain("HTTP/1.1 408 ");
  });
});

test("while an answer is awaited, no time of an idle connection is over", async () => {
  const target = await openHolding();
  const { port } = await openBefore(target, { keepAliveTimeoutMs: 20, headersTimeoutMs: 20, requestTimeoutMs: 20 });
  const client = await converse(port);
  client.write(get("/late"));
  await until(() => target.held.length === 1);
  // the times are over many times: as counted by another connection, which is told so each time
  for (let round = 0; round < 3; round += 1) await (await converse(port)).closed;
  target.held[0]?.end("/late");
  expect(await client.readUntil(/\/late$/)).toContain("HTTP/1.1 200 ");
  client.socket.destroy();
});

const ends = [
  { how: "whole", pieces: [HANDSHAKE] },
  { how: "in two pieces", pieces: [HANDSHAKE.slice(0, 20), HANDSHAKE.slice(20)] },
];

test.each(ends)("what follows a handshake that came $how reaches the target as it came", async ({ pieces }) => {
  let said = "";
  let isAsked = false;
  let agree = (): void => undefined;
  const target = await openTarget(undefined, (_request, socket, head) => {
    said += head.toString("latin1");
    socket.on("data", (chunk) => (said += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("end", () => socket.end());
    isAsked = true;
    agree = () => void socket.write(SWITCHING);
  });
  open.push(target);
  const client = await converse((await openBefore(target)).port);
  for (const piece of pieces) {
    client.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.write("before the answer, ");
  await until(() => isAsked);
  agree();
  await client.readUntil(/101 Switching/);
  client.write("behind it");
  await until(() => said.endsWith("behind it"));
  expect(said).toBe("before the answer, behind it");
  client.socket.destroy();
});
