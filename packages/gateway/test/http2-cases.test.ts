import { afterAll, beforeAll, expect, test } from "vitest";
import { readCases } from "../../wherefrom/test/corpus.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { END_HEADERS, END_STREAM, type Field, frame, openRawHttp2, type RawHttp2, request, type StreamEnd } from "./rig/http2-frames.ts";
import { linesOf, openTarget, type Target } from "./rig/target.ts";

type Expectation = { readonly status: number; readonly code?: string } | { readonly reset: string } | { readonly refused: true };

type WrittenCase = {
  readonly name: string;
  readonly each?: readonly string[];
  /** All fields, or those that stand behind a good request's own four. */
  readonly fields?: readonly Field[];
  readonly add?: readonly Field[];
  /** Data behind the header, and trailers behind that. */
  readonly body?: string;
  readonly trailers?: readonly Field[];
  readonly expect: Expectation;
  /** Lines that the target gets. */
  readonly reaches?: readonly Field[];
};

const GOOD: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/"],
];

const cases = readCases<WrittenCase>("http2/headers.json").flatMap((row) =>
  (row.each ?? [""]).map((each) => {
    const write = (fields: readonly Field[]): Field[] =>
      fields.map(([name, value]) => [name.replace("{each}", () => each), value.replace("{each}", () => each)]);
    return {
      ...row,
      name: row.name.replace("{each}", () => each),
      fields: write(row.fields ?? [...GOOD, ...(row.add ?? [])]),
      ...(row.trailers && { trailers: write(row.trailers) }),
    };
  }),
);

let target: Target;
let gateway: TestGateway;

beforeAll(async () => {
  target = await openTarget();
  const policy = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1, trustedPeers: ["127.0.0.1"] } };
  gateway = await openTestGateway(snapshotOf([{ target: target.origin }], { policy }), { listeners: [{ port: 0, http2: true }] });
});
afterAll(async () => {
  await gateway.close();
  await target.close();
});

type Case = (typeof cases)[number];

/** All that the client says, in one piece. A WebSocket's stream stays open behind its header. */
function bytesOf({ fields, body, trailers }: Case): Buffer {
  const isLast = body === undefined && !fields.some(([name]) => name === ":protocol");
  const frames = [request(1, fields, isLast ? END_STREAM | END_HEADERS : END_HEADERS)];
  const flags = trailers === undefined ? END_STREAM : 0;
  if (body !== undefined) frames.push(frame("DATA", { stream: 1, flags, payload: Buffer.from(body) }));
  if (trailers !== undefined) frames.push(request(1, trailers));
  return Buffer.concat(frames);
}

/** What came of a stream, as the table says it. */
function found({ status, reset, body }: StreamEnd, wanted: Expectation): object {
  if ("refused" in wanted && (reset !== undefined || (status ?? 0) >= 400)) return wanted;
  const code = /"code":"(?<code>\w+)"/.exec(body ?? "")?.groups?.["code"];
  return status === undefined ? { reset } : { status, ...(code !== undefined && { code }) };
}

/** Holds one case on a connection of its own. Gives the sentence to print where it is not as it should be. */
async function hold(row: Case, { isSplit }: { isSplit: boolean }): Promise<string | undefined> {
  const client = await openRawHttp2(gateway.port);
  // The client's answer to the gateway's SETTINGS must not come in the middle of a frame.
  await client.ping();
  const since = target.received.length;
  const bytes = bytesOf(row);
  for (let at = 0; at < bytes.length; at += isSplit ? 1 : bytes.length) {
    client.socket.write(bytes.subarray(at, isSplit ? at + 1 : bytes.length));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const fault = await judge(row, { client, since });
  client.socket.destroy();
  return fault && `${row.name}: ${fault}`;
}

/** `since`: how many requests the target had before. */
async function judge(row: Case, { client, since }: { client: RawHttp2; since: number }): Promise<string | undefined> {
  const is = JSON.stringify(found(await client.ended(1), row.expect));
  if (is !== JSON.stringify(row.expect)) return `found ${is}, wanted ${JSON.stringify(row.expect)}`;
  const received = target.received.slice(since);
  const isGood = "status" in row.expect && row.expect.status === 200;
  const [only] = received;
  if (received.length !== (isGood ? 1 : 0)) return `the target got ${received.length} requests`;
  if (isGood && only !== undefined && only.body !== (row.body ?? "")) return `the target got the body ${JSON.stringify(only.body)}`;
  const missing = (row.reaches ?? []).filter(([name, value]) => only && linesOf(only, name)[0] !== value);
  if (missing.length > 0) return `the target did not get ${JSON.stringify(missing)}`;
  client.write(request(3, GOOD));
  const next = await client.ended(3);
  return next.status === 200 ? undefined : `the next request got ${JSON.stringify(next)}`;
}

test("the table has rows", () => {
  expect(cases.length).toBeGreaterThan(140);
});

test.each([
  { manner: "whole", isSplit: false },
  { manner: "byte by byte", isSplit: true },
])("each request, said $manner, is answered or reset as the table says, and its connection serves the next", async ({ isSplit }) => {
  const faults: (string | undefined)[] = [];
  for (const row of cases) faults.push(await hold(row, { isSplit }));
  expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
});

test("the client is the last hop of all lines, in the order in which they came", async () => {
  const client = await openRawHttp2(gateway.port);
  client.write(request(1, [...GOOD, ["x-forwarded-for", "6.6.6.6"], ["x-b", "1"], ["x-forwarded-for", "192.0.2.1, 203.0.113.7"]]));
  await client.ended(1);
  const received = target.received.at(-1);
  expect(received && linesOf(received, "x-real-ip")).toEqual(["203.0.113.7"]);
  client.socket.destroy();
});
