import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readRequests } from "./oracle/requests.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { readHttpCases } from "./rig/http-cases.ts";
import { linesOf, openTarget, type Target } from "./rig/target.ts";
import { ask, until } from "./rig/wire.ts";

/** The same bytes in every run: a failure here is one to look at, not luck. */
const seed = 20261126;

let target: Target;
let gateway: TestGateway;

beforeAll(async () => {
  target = await openTarget();
  gateway = await openTestGateway(snapshotOf([{ target: target.origin }], { policy: { peerAddressAlgorithm: {} } }), {
    // Nothing here is to be late, however busy the machine is.
    limits: { headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 },
    // Each connection is its own client, so that its requests can be told from others.
    peerOf: ({ remotePort }) => (remotePort === undefined ? undefined : addressOf(remotePort)),
  });
});
afterAll(async () => {
  await gateway.close();
  await target.close();
});

const addressOf = (port: number): string => `10.${port >> 8}.${port & 255}.1`;

/**
 * Says the bytes, waits for so many answers or the end, and gives the port it came from. Where there is nothing to answer, it waits for the answer to a request that is
 * asked behind them elsewhere: what there is of them has gone to the target by then.
 */
async function say(bytes: string, answers: number): Promise<number> {
  const socket = connect({ port: gateway.port, host: "127.0.0.1", noDelay: true });
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk) => (text += chunk));
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  const { localPort = 0 } = socket;
  socket.write(bytes, "latin1");
  if (answers === 0) await ask(gateway.port, "GET /behind HTTP/1.1", "Host: a");
  else await until(() => socket.destroyed || (text.match(/HTTP\/1\.1 [2-5]\d\d /g)?.length ?? 0) >= answers);
  socket.destroy();
  return localPort;
}

const cases = readHttpCases()
  .flatMap(({ cases: [first] }) => first ?? [])
  .filter(({ bytes }) => bytes.length < 1_000);
const bytesOf = (some: typeof cases) => fc.constantFrom(...some.map(({ bytes }) => bytes));

/** Most of them good ones: what is refused already is seldom made good. */
const row = fc.oneof(
  { weight: 4, arbitrary: bytesOf(cases.filter(({ reaches }) => reaches.length > 0)) },
  { weight: 1, arbitrary: bytesOf(cases) },
);

const pieces = [
  ..."\r\n \t:,;\0\u000b\u0080\u00a0#?@%_-.015a",
  "\r\n",
  "\r\n\r\n",
  "chunked",
  "Content-Length: 3\r\n",
  "Content-Length: 36\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Host: a\r\n",
  "Connection: close\r\n",
  "Trailer: x\r\n",
  "3\r\nabc\r\n",
  "0\r\n\r\n",
  "HTTP/1.0",
  "GET ",
  "POST",
  "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
];

const edit = fc.record({
  at: fc.noBias(fc.nat(10_000)).map((place) => place / 10_000),
  drops: fc.constantFrom(0, 0, 1, 3),
  piece: fc.oneof(fc.constantFrom(...pieces), fc.constant("")),
});

type Edit = { readonly at: number; readonly drops: number; readonly piece: string };

function applyEdits([written, edits]: readonly [string, readonly Edit[]]): string {
  let bytes = written;
  for (const { at, drops, piece } of edits) {
    const index = Math.floor(at * (bytes.length + 1));
    bytes = bytes.slice(0, index) + piece + bytes.slice(index + drops);
  }
  return bytes;
}

test("whatever is made of the corpus, a target gets nothing but the requests that a strict reader finds in it, in order", async () => {
  const said: { bytes: string; port: number }[] = [];
  const inputs = fc.sample(fc.tuple(row, fc.array(edit, { minLength: 1, maxLength: 2 })).map(applyEdits), { seed, numRuns: 300 });
  // Some at a time, so that they do not wait for each other's connections.
  for (let index = 0; index < inputs.length; index += 100) {
    const some = inputs.slice(index, index + 50).map(async (bytes) => ({ bytes, port: await say(bytes, readRequests(bytes).length) }));
    said.push(...(await Promise.all(some)));
  }
  const reached = new Map<string, string[]>();
  for (const request of target.received) {
    const [client = ""] = linesOf(request, "x-real-ip");
    reached.set(client, [...(reached.get(client) ?? []), JSON.stringify([request.method, request.url, request.body])]);
  }
  const faults = said.flatMap(({ bytes, port }) => {
    const got = reached.get(addressOf(port)) ?? [];
    const may = readRequests(bytes).map((request) => JSON.stringify([request.method, request.target, request.body]));
    return got.some((text, index) => text !== may[index]) ? [{ bytes, got, may }] : [];
  });
  expect(faults).toEqual([]);
  expect(target.malformed()).toEqual([]);
  expect(said.filter(({ port }) => reached.has(addressOf(port))).length).toBeGreaterThan(40);
});
