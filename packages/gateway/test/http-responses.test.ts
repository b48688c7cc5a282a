import type { OutgoingHttpHeaders } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { readCases } from "../../wherefrom/test/corpus.ts";
import { openTestGateway, portOf, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { HANDSHAKE } from "./rig/handshake.ts";
import { askHttp2, connectHttp2 } from "./rig/http2-client.ts";
import { own } from "./rig/owned.ts";
import { openRawTarget, sayBytes } from "./rig/raw-target.ts";
import { converse, joinChunks, parseResponse, sendRaw, until, wire } from "./rig/wire.ts";

type Row = {
  readonly name: string;
  readonly why: string;
  readonly source: string;
  readonly method?: "HEAD";
  readonly says: string;
  readonly each?: readonly string[];
  readonly answer: number;
  readonly body?: string;
  /** The answer is broken off. */
  readonly breaks?: true;
  /** The connection to the target may serve another request. */
  readonly keeps?: true;
};

const rows = readCases<Row>("http-responses/framing.json");

/** What the target says to every other request. */
const AFTER = `${wire("HTTP/1.1 200 OK", "Content-Length: 5")}after`;

type Outcome = {
  readonly status: number;
  readonly body: string;
  /** Whether the client got the whole answer. */
  readonly isWhole: boolean;
  readonly after: string;
  /** How many connections the target has had for the two requests. */
  readonly connections: number;
};

type Question = { readonly method: string; readonly isSplit: boolean };

/** Asks twice: the target says the bytes to the first request, and answers the second in good order. */
async function askTwice(bytes: Buffer, { method, isSplit }: Question): Promise<Outcome> {
  const target = await openRawTarget((socket, heard) => {
    if (heard.includes("/after")) socket.write(AFTER);
    else if (heard.endsWith("\r\n\r\n")) sayBytes(socket, { bytes, isSplit });
  });
  const routes = [{ targets: [{ url: target.origin }], retries: { max: 0 } }];
  const gateway = own(await openTestGateway(snapshotOf(routes)));
  const answer = await sendRaw(gateway.port, wire(`${method} /first HTTP/1.1`, "Host: a", "Connection: close"));
  const client = await converse(gateway.port);
  client.write(wire("GET /after HTTP/1.1", "Host: a"));
  const after = await client.readUntil(/\r\n\r\n[\s\S]+/);
  client.socket.destroy();
  // The one on which the second was asked; any other is closed.
  await until(() => target.sockets.size === 1);
  return {
    ...readAnswer(answer, method),
    after: parseResponse(after).body,
    connections: target.heard.filter((text) => text !== "").length,
  };
}

function readAnswer(text: string, method: string): Pick<Outcome, "status" | "body" | "isWhole"> {
  const { status, head, body } = parseResponse(text);
  if (method === "HEAD" || !/^Transfer-Encoding: chunked\r?$/im.test(head)) return { status, body, isWhole: true };
  return { status, ...joinChunks(body) };
}

describe.each([
  { manner: "whole", isSplit: false },
  { manner: "byte by byte", isSplit: true },
])("said $manner", ({ isSplit }) => {
  test.each(rows)("$name", async ({ method = "GET", says, each = [""], answer, body, breaks = false, keeps = false }) => {
    for (const text of each) {
      const outcome = await askTwice(
        Buffer.from(
          says.replaceAll("{each}", () => text),
          "latin1",
        ),
        { method, isSplit },
      );
      expect({ text, ...outcome }).toEqual({
        text,
        status: answer,
        body: answer === 502 || breaks ? outcome.body : body,
        isWhole: !breaks,
        after: "after",
        connections: keeps ? 1 : 2,
      });
      if (answer === 502) expect(JSON.parse(outcome.body).error.code).toBe("UPSTREAM_BROKEN");
    }
  });
});

const filler = "a".repeat(100);
const ways = [
  { how: "from the pool", asks: wire("GET / HTTP/1.1", "Host: a", "Connection: close") },
  {
    how: "over a connection of its own",
    asks: `${wire("PUT / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Trailer: X-Sum", "Connection: close")}0\r\n\r\n`,
  },
];
const parts = [
  { what: "one line", says: wire("HTTP/1.1 200 OK", `X-A: ${filler.repeat(20)}`, "Content-Length: 0"), isBegun: false },
  { what: "many lines", says: wire("HTTP/1.1 200 OK", ...Array(20).fill(`X-A: ${filler}`), "Content-Length: 0"), isBegun: false },
  { what: "a header without an end", says: `HTTP/1.1 200 OK\r\nX-A: ${filler.repeat(20)}`, isBegun: false },
  {
    what: "trailers",
    says: `${wire("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")}0\r\n${wire(...Array(20).fill(`X-A: ${filler}`))}`,
    isBegun: true,
  },
];

describe.each(ways)("$how", ({ asks }) => {
  test.each(parts)("an answer with more than maxHeaderBytes in $what is no answer", async ({ says, isBegun }) => {
    const target = await openRawTarget((socket) => socket.write(says));
    const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { maxHeaderBytes: 1_000 } }));
    const text = await sendRaw(gateway.port, asks);
    if (isBegun) expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
    else expect(text).toMatch(/^HTTP\/1\.1 502 [\s\S]*UPSTREAM_BROKEN/);
    await until(() => target.sockets.size === 0);
  });
});

test.each([...ways, { how: "to a handshake that is declined", asks: HANDSHAKE }])(
  "no field of an answer with 3,000 is lost, $how",
  async ({ asks }) => {
    const fields = Array.from({ length: 3_000 }, () => "a:");
    const target = await openRawTarget((socket) => socket.write(wire("HTTP/1.1 403 No", ...fields, "X-Last: 1", "Content-Length: 0")));
    const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
    const { status, head } = parseResponse(await sendRaw(gateway.port, asks));
    expect([status, head.match(/^a: \r?$/gm)?.length, /^X-Last: 1\r?$/m.test(head)]).toEqual([403, 3_000, true]);
  },
);

/** Each of them is answered by other code of the gateway, and of Node. */
const clients: { how: string; ask: (gateway: TestGateway) => Promise<number> }[] = [
  { how: "HTTP/1.0", ask: ({ port }) => statusOf(port, wire("GET / HTTP/1.0", "Host: a")) },
  { how: "HEAD", ask: ({ port }) => statusOf(port, wire("HEAD / HTTP/1.1", "Host: a", "Connection: close")) },
  {
    how: "a body that waits to be asked for",
    ask: ({ port }) => statusOf(port, wire("PUT / HTTP/1.1", "Host: a", "Content-Length: 4", "Expect: 100-continue", "Connection: close")),
  },
  { how: "a WebSocket's handshake", ask: ({ port }) => statusOf(port, HANDSHAKE) },
  { how: "HTTP/2", ask: (gateway) => statusOverHttp2(gateway, {}) },
  {
    how: "a body over HTTP/2 that waits to be asked for",
    ask: (gateway) => statusOverHttp2(gateway, { ":method": "PUT", expect: "100-continue" }),
  },
];
const odd = [
  { what: "a 101 that switches nothing", says: wire("HTTP/1.1 101 Switching Protocols"), status: 502 },
  { what: "a 205 with a body", says: `${wire("HTTP/1.1 205 Reset Content", "Content-Length: 4")}body`, status: 205 },
  { what: "a status that there is not", says: wire("HTTP/1.1 600 OK", "Content-Length: 0"), status: 502 },
  { what: "trailers announced that cannot follow", says: wire("HTTP/1.1 200 OK", "Content-Length: 0", "Trailer: X-Sum"), status: 200 },
  {
    what: "trailers, with a name that may stand once twice",
    says: `${wire("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Trailer: ETag")}0\r\n${wire("ETag: 1", "etag: 2", "Constructor: 3")}`,
    status: 200,
  },
];

/** Of the last answer: one that waits to be asked for may be asked for first. */
async function statusOf(port: number, bytes: string): Promise<number> {
  const text = await sendRaw(port, bytes);
  return parseResponse(text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "")).status;
}

async function statusOverHttp2(gateway: TestGateway, headers: OutgoingHttpHeaders): Promise<number> {
  const session = await connectHttp2(`http://127.0.0.1:${portOf(gateway, 1)}`);
  const { status } = await askHttp2(session, { ":path": "/", ...headers }, headers["expect"] === undefined ? undefined : "body");
  session.destroy();
  return status;
}

describe.each(odd)("$what, said to", ({ says, status }) => {
  test.each(clients)("$how", async ({ ask }) => {
    const target = await openRawTarget((socket) => socket.end(says));
    const listeners = [{ port: 0 }, { port: 0, http2: true }];
    const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }]), { listeners }));
    expect(await ask(gateway)).toBe(status);
  });
});

/** Every byte there is, again and again. */
const bytesOf = (length: number): string => String.fromCharCode(...Array.from({ length }, (_, index) => index % 256));

/** Round the length up to which a whole body goes out with its header. */
const lengths = [1, 100, 2_047, 2_048, 2_049, 5_000];
const cuts = [
  { how: "in one packet with its header", at: () => [] },
  { how: "behind its header", at: ({ head }: Cut) => [head] },
  { how: "in two parts, the first with its header", at: ({ head, length }: Cut) => [head + Math.floor(length / 2)] },
  { how: "in two parts behind its header", at: ({ head, length }: Cut) => [head, head + Math.floor(length / 2)] },
];
type Cut = { readonly head: number; readonly length: number };

test.each(cuts)("a body that comes $how reaches the client byte for byte, as does the header", async ({ at }) => {
  const target = await openRawTarget(async (socket, heard) => {
    const [, length = ""] = [...heard.matchAll(/^GET \/(\d+) HTTP/gm)].at(-1) ?? [];
    const head = wire("HTTP/1.1 200 OK", `Content-Length: ${length}`, "X-Name: caf\xe9");
    const text = `${head}${bytesOf(Number(length))}`;
    const ends = [...at({ head: head.length, length: Number(length) }), text.length];
    for (const [index, end] of ends.entries()) {
      socket.write(text.slice(ends[index - 1] ?? 0, end), "latin1");
      // Each part waits until the one before has long been read.
      await sleep(30);
    }
  });
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const answers = await Promise.all(
    lengths.map((length) => sendRaw(gateway.port, wire(`GET /${length} HTTP/1.1`, "Host: a", "Connection: close"))),
  );
  for (const [index, answer] of answers.entries()) {
    const { head, body } = parseResponse(answer);
    expect(head).toContain("X-Name: caf\xe9");
    expect(body).toBe(bytesOf(lengths[index] ?? 0));
  }
});
