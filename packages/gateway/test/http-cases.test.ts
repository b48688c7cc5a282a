import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { type HttpCase, readHttpCases } from "./rig/http-cases.ts";
import { type Manner, sayRaw } from "./rig/raw-connection.ts";
import { linesOf, openTarget, type Received, type Target } from "./rig/target.ts";
import { until } from "./rig/wire.ts";

const rows = readHttpCases();

let target: Target;
let gateway: TestGateway;

beforeAll(async () => {
  target = await openTarget();
  const snapshot = snapshotOf([{ target: target.origin }], { policy: { peerAddressAlgorithm: {} } });
  // Each connection is its own client, so that whatever reaches the target can be told apart while many talk at once.
  gateway = await openTestGateway(snapshot, {
    // one process says all cases byte by byte: on a busy machine a header takes its time
    limits: { maxFieldBytes: 8_192, headersTimeoutMs: 55_000 },
    peerOf: ({ remotePort }) => (remotePort === undefined ? undefined : addressOf(remotePort)),
  });
});

afterAll(async () => {
  await gateway.close();
  await target.close();
});

function addressOf(port: number): string {
  return `10.${port >> 8}.${port & 255}.1`;
}

/** Of one client since the target had so many requests, without the one by which the test asks whether both ends are still in step. */
function requestsOf(port: number, since: number): Received[] {
  const isTheirs = (request: Received): boolean => linesOf(request, "x-real-ip")[0] === addressOf(port) && request.url !== "/probe";
  return target.received.slice(since).filter(isTheirs);
}

/** Holds one case against what comes of it. Gives the sentence to print where it is not as it should be. */
async function hold({ name, bytes, code, ...expected }: HttpCase, manner: Manner): Promise<string | undefined> {
  const since = target.received.length;
  const { port, ...heard } = await sayRaw(gateway.port, { bytes, answers: expected.answers.length, manner });
  const reaches = requestsOf(port, since).map(({ method, url, body }) => `${method} ${url}${body === "" ? "" : ` ${body}`}`);
  const found = JSON.stringify({ ...heard, reaches });
  const wanted = JSON.stringify({
    answers: expected.answers,
    code: code ?? heard.code,
    closes: expected.closes,
    reaches: expected.reaches,
  });
  return found === wanted ? undefined : `${name}: found ${found}, wanted ${wanted}`;
}

test("the table has rows", () => {
  expect(rows.flatMap(({ cases }) => cases).length).toBeGreaterThan(1_500);
});

/** Where a case is cut in two: at another byte in each, so that a row of many cases is cut everywhere. */
const cutOf = ({ bytes }: HttpCase, index: number): number => 1 + ((index * 7) % Math.max(1, bytes.length - 1));

const manners: { how: string; mannerOf: (each: HttpCase, index: number) => Manner }[] = [
  { how: "whole", mannerOf: () => "whole" },
  { how: "behind a request", mannerOf: () => "behind a request" },
  { how: "byte by byte", mannerOf: () => "byte by byte" },
  { how: "in two pieces", mannerOf: cutOf },
];

describe.each(manners)("said $how", ({ mannerOf }) => {
  test.each(rows)("$title", async ({ cases }) => {
    const faults = await Promise.all(cases.map((each, index) => hold(each, mannerOf(each, index))));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });
});

test("no connection to the target is used again after a doubt", async () => {
  expect(target.malformed()).toEqual([]);
  await until(() => target.connections() <= 1);
});
