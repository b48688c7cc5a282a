import { constants } from "node:http2";
import { expect, test, vi } from "vitest";
import { withTimeEnough } from "../../../tools/patience.ts";
import { openTestGateway, snapshotOf } from "./rig/gateway.ts";
import { type OnStream, openHttp2Target } from "./rig/http2-target.ts";
import { own } from "./rig/owned.ts";
import { openRawTarget } from "./rig/raw-target.ts";
import { ask, converse, parseResponse, sendRaw, until, wire } from "./rig/wire.ts";

const GET = wire("GET /slow HTTP/1.1", "Host: a", "Connection: close");
const PUT = `${wire("PUT /slow HTTP/1.1", "Host: a", "Content-Length: 4", "Connection: close")}body`;
const CONTINUED = `${wire("PUT /slow HTTP/1.1", "Host: a", "Content-Length: 4", "Expect: 100-continue", "Connection: close")}body`;

const nothing: OnStream = () => undefined;
const begins: OnStream = (stream) => {
  stream.respond({ ":status": 200 });
  stream.write("begun");
};

const waits: { what: string; asks: string; answers: OnStream; timeout: string; code: string | undefined; inDoubt?: true }[] = [
  {
    what: "the header, of a request without a body",
    asks: GET,
    answers: nothing,
    timeout: "headersMs",
    code: "UPSTREAM_TIMEOUT",
    inDoubt: true,
  },
  {
    what: "the header, of one with a body",
    asks: PUT,
    answers: nothing,
    timeout: "headersMs",
    code: "UPSTREAM_TIMEOUT",
    inDoubt: true,
  },
  {
    what: "the header, of one that waited to continue",
    asks: CONTINUED,
    answers: nothing,
    timeout: "headersMs",
    code: "UPSTREAM_TIMEOUT",
    inDoubt: true,
  },
  { what: "the next part of the body", asks: GET, answers: begins, timeout: "bodyMs", code: undefined, inDoubt: true },
  {
    what: "the next part of the body, of a request with one",
    asks: PUT,
    answers: begins,
    timeout: "bodyMs",
    code: undefined,
    inDoubt: true,
  },
  { what: "all of it, before the header", asks: GET, answers: nothing, timeout: "totalMs", code: "UPSTREAM_TOTAL_TIMEOUT" },
  { what: "all of it, in the body", asks: GET, answers: begins, timeout: "totalMs", code: undefined },
];

test.each(waits)("a target of HTTP/2 that takes too long for $what is told so, and the client too", async (row) => {
  const { asks, answers, timeout, code, inDoubt = false } = row;
  await withTimeEnough(60, async (ms) => {
    const resets: number[] = [];
    const connections = new Set<unknown>();
    const target = await openHttp2Target((stream, headers) => {
      connections.add(stream.session);
      if (headers[":path"] === "/quick") return stream.respond({ ":status": 204 }, { endStream: true });
      stream.resume();
      stream.once("close", () => resets.push(stream.rstCode));
      answers(stream, headers);
    });
    const routes = [{ targets: [{ url: target.url, http2: true }], timeouts: { [timeout]: ms } }];
    const gateway = own(await openTestGateway(snapshotOf(routes), { limits: { continueTimeoutMs: 10 } }));
    expect((await ask(gateway.port, "GET /quick HTTP/1.1", "Host: a")).status).toBe(204);
    const text = (await sendRaw(gateway.port, asks)).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "");
    const answer = parseResponse(text);
    if (code !== undefined) expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([504, code]);
    // Broken off: no last chunk.
    else expect([answer.status, answer.body]).toEqual([200, "5\r\nbegun\r\n"]);
    // A request whose time was over before it went has not reached the target.
    await vi.waitFor(() => expect(resets).toEqual([constants.NGHTTP2_CANCEL]), { timeout: 20 * ms });
    expect((await ask(gateway.port, "GET /quick HTTP/1.1", "Host: a")).status).toBe(204);
    // A connection on which nothing came in time may lead nowhere; one whose request only took long is as good as before.
    expect(connections.size).toBe(inDoubt ? 2 : 1);
  });
});

test.each([
  { what: "the gateway's limit", limits: { connectTimeoutMs: 60 }, timeouts: {} },
  { what: "the route's own time", limits: {}, timeouts: { connectMs: 60 } },
])("a target that takes the connection and then says nothing of TLS is given up by $what, and its connection closed", async (row) => {
  const target = await openRawTarget(() => undefined);
  const url = target.origin.replace("http:", "https:");
  const routes = [{ targets: [{ url, http2: true }], timeouts: row.timeouts, retries: { max: 0 } }];
  const gateway = own(await openTestGateway(snapshotOf(routes), { limits: row.limits }));
  const { status, body } = await ask(gateway.port, "GET / HTTP/1.1", "Host: a");
  expect([status, JSON.parse(body).error.code]).toEqual([504, "UPSTREAM_CONNECT_TIMEOUT"]);
  await until(() => target.sockets.size === 0);
});

test("a target of HTTP/2 is not silent while its client takes nothing", async () => {
  const chunk = Buffer.alloc(65_536);
  await withTimeEnough(100, async (bodyMs) => {
    let isHeldBack = false;
    const target = await openHttp2Target((stream) => {
      stream.respond({ ":status": 200 });
      let left = 400;
      const more = (): void => {
        while (left > 0) {
          left -= 1;
          if (stream.write(chunk)) continue;
          isHeldBack = true;
          return void stream.once("drain", more);
        }
        stream.end();
      };
      more();
    });
    const routes = [{ targets: [{ url: target.url, http2: true }], timeouts: { bodyMs } }];
    const gateway = own(await openTestGateway(snapshotOf(routes)));
    const client = await converse(gateway.port);
    client.socket.removeAllListeners("data");
    client.socket.pause();
    client.write(GET);
    await until(() => isHeldBack);
    let bytes = 0;
    client.socket.on("data", (part: Buffer) => {
      bytes += part.length;
    });
    // A little now and then, with pauses that are longer than the target's time.
    for (let times = 0; times < 2; times += 1) {
      client.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 1.5 * bodyMs));
      client.socket.resume();
      const seen = bytes;
      await until(() => bytes > seen || client.socket.closed);
    }
    await client.closed;
    expect(bytes).toBeGreaterThan(400 * chunk.length);
  });
});
