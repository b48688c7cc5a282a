import type { ExchangeRecord } from "@wherefrom/gateway";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { linesOf, openTarget, type Received, type Target } from "./rig/target.ts";
import { ask } from "./rig/wire.ts";

let target: Target;
let gateway: TestGateway;
const records: ExchangeRecord[] = [];

beforeAll(async () => {
  target = await openTarget();
  const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Edge", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } };
  gateway = await openTestGateway(snapshotOf([{ target: target.origin, sendExplanation: true }], { policy }), {
    onExchange: (record) => records.push(record),
  });
});

afterAll(async () => {
  await gateway.close();
  await target.close();
});

async function told(...lines: string[]) {
  expect((await ask(gateway.port, "GET / HTTP/1.1", "Host: a", ...lines)).status).toBe(200);
  const [value = ""] = linesOf(target.received.at(-1) as Received, "x-wherefrom-explanation");
  return { value, ...JSON.parse(Buffer.from(value, "base64url").toString("utf8")) };
}

test("the target is told the explanation and the flow variables of this very resolution", async () => {
  records.length = 0;
  const { explanation, flowVariables } = await told("X-Edge: 6.6.6.6, 198.51.100.7, 10.0.0.9", "X-Wherefrom-Explanation: forged");
  expect(explanation).toMatchObject({
    ip: "198.51.100.7",
    trust: "verified",
    outcome: "resolved",
    hops: [{ ip: "10.0.0.9", verdict: "trusted" }, { verdict: "client" }, {}],
  });
  expect(flowVariables).toMatchObject({
    "client.ip": "127.0.0.1",
    "client.resolved.ip": "198.51.100.7",
    "client_ip_resolution.used.fallback": "false",
    "request.header.X-Edge.2": "198.51.100.7",
    "request.header.X-Edge.values.count": "3",
    "request.header.X-Forwarded-For.values.count": "0",
  });
  expect(records[0]?.resolution).toMatchObject({ ip: explanation.ip, key: explanation.key, algorithm: explanation.algorithm });
  for (const [name, value] of Object.entries(flowVariables)) expect(records[0]?.flowVariable(name)).toBe(value);
});

const crowds = [
  { what: "64 hops", chain: Array.from({ length: 64 }, (_, index) => `10.0.0.${index}`).join(", ") },
  { what: "1,500 hops", chain: Array.from({ length: 1500 }, (_, index) => `10.0.${index % 8}.9`).join(",") },
  { what: "one hop of 12 KiB", chain: "x".repeat(12_000) },
  { what: "bytes above 0x7f", chain: "\x9b31m\xa0".repeat(2000) },
];

test.each(crowds)("$what: shortened to what a target takes, and still the same resolution", async ({ chain }) => {
  records.length = 0;
  const { value, explanation } = await told(`X-Edge: ${chain}`);
  expect(value.length).toBeLessThanOrEqual(6_144);
  expect(explanation).toMatchObject({ ip: records[0]?.resolution?.ip, outcome: records[0]?.resolution?.outcome });
  expect(explanation.sentences.length).toBeGreaterThan(0);
});

test("a route that does not ask for it tells nothing", async () => {
  const silent = await openTestGateway(snapshotOf([{ target: target.origin }]));
  await ask(silent.port, "GET / HTTP/1.1", "Host: a", "X-Wherefrom-Explanation: forged");
  expect(linesOf(target.received.at(-1) as Received, "x-wherefrom-explanation")).toEqual([]);
  await silent.close();
});
