import type { ExchangeRecord } from "@wherefrom/gateway";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerOf, listCases, readResolveCases } from "../../wherefrom/test/corpus.ts";
import { openTestGateway, portOf, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { type Field, openRawHttp2, request } from "./rig/http2-frames.ts";
import { linesOf, openTarget, type Target } from "./rig/target.ts";
import { parseResponse, sendRaw, until, wire } from "./rig/wire.ts";

/** Rows whose bytes can travel over HTTP/1.1 and fit into the gateway's own limits. */
const rows = listCases("resolve").flatMap((file) =>
  readResolveCases(file)
    .filter((row) => row.surfaces === undefined && row.headers.length < 90)
    .map((row) => ({ ...row, title: `${file}: ${row.name}` })),
);

let target: Target;
let gateway: TestGateway;
let peer: string | undefined;
let revision = 1;
const records: ExchangeRecord[] = [];

beforeAll(async () => {
  target = await openTarget();
  const options = {
    listeners: [{ port: 0 }, { port: 0, http2: true }],
    peerOf: () => peer,
    onExchange: (record: ExchangeRecord) => void records.push(record),
  };
  gateway = await openTestGateway(snapshotOf([{ target: target.origin }]), options);
});

afterAll(async () => {
  await gateway.close();
  await target.close();
});

test("the corpus has rows for the gateway", () => {
  expect(rows.length).toBeGreaterThan(600);
});

/** Sends the headers of a row and gives the status that came back. */
type Ask = (path: string, headers: (typeof rows)[number]["headers"]) => Promise<number>;

async function judge(row: (typeof rows)[number], ask: Ask): Promise<void> {
  peer = row.peer ?? undefined;
  revision += 1;
  expect(gateway.source.offer(snapshotOf([{ target: target.origin }], { policy: row.policy, revision })).kind).toBe("applied");
  const asked = target.received.length;
  const exchanges = records.length;
  const status = await ask(`/${revision}`, row.headers);
  await until(() => records.length > exchanges);

  const resolution = records.at(-1)?.resolution;
  expect(resolution && answerOf(resolution)).toEqual(row.expect);
  const { ip } = row.expect;
  if (ip === null) {
    expect([status, target.received.length - asked]).toEqual([400, 0]);
    return;
  }
  const received = target.received.at(-1);
  expect([status, received?.url]).toEqual([200, `/${revision}`]);
  expect(received && ["X-Forwarded-For", "X-Real-IP"].map((name) => linesOf(received, name))).toEqual([[ip], [ip]]);
}

describe("the gateway answers as the corpus says, and tells the target nothing else", () => {
  const overHttp1: Ask = async (path, headers) => {
    const fields = headers.map(([name, value]) => `${name}: ${value}`);
    const head = wire(`GET ${path} HTTP/1.1`, "Host: service.example", "Connection: close", ...fields);
    return parseResponse(await sendRaw(gateway.port, Buffer.from(head, "latin1"))).status;
  };
  test.each(rows)("$title", (row) => judge(row, overHttp1));
});

describe("and over HTTP/2 it answers the same", () => {
  const overHttp2: Ask = async (path, headers) => {
    const client = await openRawHttp2(portOf(gateway, 1));
    const fields = headers.map(([name, value]): Field => [name.toLowerCase(), value]);
    client.write(request(1, [[":method", "GET"], [":scheme", "http"], [":authority", "service.example"], [":path", path], ...fields]));
    const { status = 0 } = await client.ended(1);
    client.socket.destroy();
    return status;
  };
  // Blanks round a value, control characters in it, and Connection are no HTTP/2 (RFC 9113 §8.2.1, §8.2.2).
  const isNone = ([name, value]: readonly [string, string]): boolean =>
    name.toLowerCase() === "connection" || /^[ \t]|[ \t]$|[\0-\x08\x0a-\x1f\x7f]/.test(value);
  const sendable = rows.filter((row) => !row.headers.some(isNone));

  test("most rows can be said", () => {
    expect(sendable.length).toBeGreaterThan(rows.length * 0.9);
  });
  test.each(sendable)("$title", (row) => judge(row, overHttp2));
});
