import type { ExchangeRecord } from "@wherefrom/gateway";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerOf, listCases, readResolveCases } from "../../wherefrom/test/corpus.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
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
  const options = { peerOf: () => peer, onExchange: (record: ExchangeRecord) => void records.push(record) };
  gateway = await openTestGateway(snapshotOf([{ target: target.origin }]), options);
});

afterAll(async () => {
  await gateway.close();
  await target.close();
});

test("the corpus has rows for the gateway", () => {
  expect(rows.length).toBeGreaterThan(600);
});

describe("the gateway answers as the corpus says, and tells the target nothing else", () => {
  test.each(rows)("$title", async (row) => {
    peer = row.peer ?? undefined;
    revision += 1;
    expect(gateway.source.offer(snapshotOf([{ target: target.origin }], { policy: row.policy, revision })).kind).toBe("applied");
    const asked = target.received.length;
    const exchanges = records.length;
    const fields = row.headers.map(([name, value]) => `${name}: ${value}`);
    const head = wire(`GET /${revision} HTTP/1.1`, "Host: service.example", "Connection: close", ...fields);
    const response = parseResponse(await sendRaw(gateway.port, Buffer.from(head, "latin1")));
    await until(() => records.length > exchanges);

    const resolution = records.at(-1)?.resolution;
    expect(resolution && answerOf(resolution)).toEqual(row.expect);
    const { ip } = row.expect;
    if (ip === null) {
      expect([response.status, target.received.length - asked]).toEqual([400, 0]);
      return;
    }
    const received = target.received.at(-1);
    expect([response.status, received?.url]).toEqual([200, `/${revision}`]);
    expect(received && ["X-Forwarded-For", "X-Real-IP"].map((name) => linesOf(received, name))).toEqual([[ip], [ip]]);
  });
});
