import { afterAll, beforeAll, expect, test } from "vitest";
import { readCases } from "../../wherefrom/test/corpus.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { END_HEADERS, END_STREAM, type Field, openRawHttp2, type RawHttp2, request, type StreamEnd } from "./rig/http2-frames.ts";
import { linesOf, openTarget, type Target } from "./rig/target.ts";

type Expectation = { readonly status: number; readonly code?: string } | { readonly reset: string } | { readonly refused: true };

type WrittenCase = {
  readonly name: string;
  readonly each?: readonly string[];
  /** All fields, or those that stand behind a good request's own four. */
  readonly fields?: readonly Field[];
  readonly add?: readonly Field[];
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
    return { ...row, name: row.name.replace("{each}", () => each), fields: write(row.fields ?? [...GOOD, ...(row.add ?? [])]) };
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

/** A WebSocket's stream stays open behind its header. */
function flagsFor(fields: readonly Field[]): number {
  return fields.some(([name]) => name === ":protocol") ? END_HEADERS : END_STREAM | END_HEADERS;
}

/** What came of a stream, as the table says it. */
function found({ status, reset, body }: StreamEnd, wanted: Expectation): object {
  if ("refused" in wanted && (reset !== undefined || (status ?? 0) >= 400)) return wanted;
  const code = /"code":"(?<code>\w+)"/.exec(body ?? "")?.groups?.["code"];
  return status === undefined ? { reset } : { status, ...(code !== undefined && { code }) };
}

/** Holds one case on a stream of its own. Gives the sentence to print where it is not as it should be. */
async function hold(client: RawHttp2, { row, stream }: { row: (typeof cases)[number]; stream: number }): Promise<string | undefined> {
  const since = target.received.length;
  client.write(request(stream, row.fields, flagsFor(row.fields)));
  const is = JSON.stringify(found(await client.ended(stream), row.expect));
  const wanted = JSON.stringify(row.expect);
  if (is !== wanted) return `${row.name}: found ${is}, wanted ${wanted}`;
  const received = target.received.slice(since);
  const isGood = "status" in row.expect && row.expect.status === 200;
  if (received.length !== (isGood ? 1 : 0)) return `${row.name}: the target got ${received.length} requests`;
  const missing = (row.reaches ?? []).filter(([name, value]) => received[0] && linesOf(received[0], name)[0] !== value);
  return missing.length === 0 ? undefined : `${row.name}: the target did not get ${JSON.stringify(missing)}`;
}

test("the table has rows", () => {
  expect(cases.length).toBeGreaterThan(120);
});

test("each header is answered or reset as the table says, and its connection serves the next", async () => {
  const faults: string[] = [];
  for (const row of cases) {
    const client = await openRawHttp2(gateway.port);
    const fault = await hold(client, { row, stream: 1 });
    if (fault !== undefined) faults.push(fault);
    client.write(request(3, GOOD));
    const next = await client.ended(3);
    if (next.status !== 200) faults.push(`${row.name}: the next request got ${JSON.stringify(next)}`);
    client.socket.destroy();
  }
  expect(faults).toEqual([]);
});

test("said byte by byte, nothing is different", async () => {
  const faults: string[] = [];
  for (const row of cases.filter((_, index) => index % 4 === 0)) {
    const client = await openRawHttp2(gateway.port);
    // The client's answer to the gateway's SETTINGS must not come in the middle of a frame.
    await client.ping();
    for (const byte of request(1, row.fields, flagsFor(row.fields))) {
      client.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const is = JSON.stringify(found(await client.ended(1), row.expect));
    if (is !== JSON.stringify(row.expect)) faults.push(`${row.name}: found ${is}`);
    client.socket.destroy();
  }
  expect(faults).toEqual([]);
});

test("the client is the last hop of all lines, in the order in which they came", async () => {
  const client = await openRawHttp2(gateway.port);
  client.write(request(1, [...GOOD, ["x-forwarded-for", "6.6.6.6"], ["x-b", "1"], ["x-forwarded-for", "192.0.2.1, 203.0.113.7"]]));
  await client.ended(1);
  const received = target.received.at(-1);
  expect(received && linesOf(received, "x-real-ip")).toEqual(["203.0.113.7"]);
  client.socket.destroy();
});
