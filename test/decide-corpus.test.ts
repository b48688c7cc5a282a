import { connect } from "node:net";
import type { ExchangeRecord } from "@wherefrom/gateway";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseAddress } from "wherefrom";
import { openTestGateway, snapshotOf, type TestGateway } from "../packages/gateway/test/rig/gateway.ts";
import { linesOf, openTarget, type Received, type Target } from "../packages/gateway/test/rig/target.ts";
import { parseResponse, until, type WireResponse, wire } from "../packages/gateway/test/rig/wire.ts";
import { answerOf, listCases, type ResolveRow, readResolveCases } from "../packages/wherefrom/test/corpus.ts";
import { nginxEngine } from "./apps/engines.ts";
import { type RunningProxy, startProxy } from "./apps/proxy.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";
import { requires } from "./requirement.ts";

const all = listCases("resolve").flatMap((file) => readResolveCases(file).map((row) => ({ ...row, title: `${file}: ${row.name}` })));
/** What nginx takes as one line of a header: `large_client_header_buffers`, less what the name takes. */
const MAX_LINE_LENGTH = 8_000;

/** Why a row cannot come through nginx; `undefined` when it can. */
function whyNot({ peer, headers, surfaces }: ResolveRow): string | undefined {
  if (surfaces !== undefined) return "its bytes do not travel over HTTP/1.1";
  if (headers.length >= 90) return "it has more fields than the gateway takes";
  // A connection is from a bare address: nobody connects from a port beside it, a zone, a host name, or nobody's address.
  if (peer !== null && parseAddress(peer) === undefined) return "no connection has such a peer";
  if (headers.some(([, value]) => value.length > MAX_LINE_LENGTH)) return "nginx takes no line so long";
  return undefined;
}

const rows = all.filter((row) => whyNot(row) === undefined);

let scratch: Scratch;
let target: Target;
let gateway: TestGateway;
let nginx: RunningProxy;
let revision = 1;
const records: ExchangeRecord[] = [];

const machine = requires("nginx");
beforeEach(machine.check);
beforeAll(async () => {
  if (!machine.isMet) return;
  scratch = await openScratch();
  target = await openTarget();
  gateway = await openTestGateway(snapshotOf([]), {
    listeners: [{ port: 0, decide: { trustedPeers: ["127.0.0.1"] } }],
    onExchange: (record) => void records.push(record),
  });
  nginx = await startProxy(nginxEngine({ decide: gateway.port, unix: () => scratch.file("nginx.sock") }), target.port);
});
afterAll(async () => {
  await nginx?.stop();
  await gateway?.close();
  await target?.close();
  await scratch?.remove();
});

/** Asks nginx as somebody at `peer`, or over the unix socket. */
function ask({ peer, headers }: ResolveRow, path: string): Promise<WireResponse> {
  const fields = headers.map(([name, value]) => `${name}: ${value}`);
  const family = peer?.includes(":") ? "TCP6" : "TCP4";
  const destination = family === "TCP6" ? "::1" : "127.0.0.1";
  const prefix = peer === null ? "" : `PROXY ${family} ${peer} ${destination} 4711 80\r\n`;
  const text = prefix + wire(`GET ${path} HTTP/1.1`, "Host: service.example", "Connection: close", ...fields);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const place = peer === null ? { path: scratch.file("nginx.sock") } : { port: nginx.port, host: "127.0.0.1" };
    const socket = connect(place, () => socket.write(Buffer.from(text, "latin1")));
    socket.on("data", (chunk) => chunks.push(chunk)).on("error", reject);
    socket.on("close", () => resolve(parseResponse(Buffer.concat(chunks).toString("latin1"))));
  });
}

test("nearly all rows come through nginx, and the others are left out for a reason that is known", () => {
  const left = all.filter((row) => row.surfaces === undefined).flatMap((row) => whyNot(row) ?? []);
  expect(rows.length).toBeGreaterThanOrEqual(800);
  expect(new Set(left)).toEqual(
    new Set(["it has more fields than the gateway takes", "no connection has such a peer", "nginx takes no line so long"]),
  );
  expect(left.length).toBeLessThan(60);
});

describe("nginx and the decision endpoint answer as the gateway does", () => {
  test.each(rows)("$title", async (row) => {
    revision += 1;
    expect(gateway.source.offer(snapshotOf([{ target: target.origin }], { policy: row.policy, revision })).kind).toBe("applied");
    records.length = 0;
    const asked = target.received.length;
    const response = await ask(row, `/${revision}`);
    await until(() => records.length > 0);
    const resolution = records.at(-1)?.resolution;
    expect(resolution && answerOf(resolution)).toEqual(row.expect);
    const { ip, trust, outcome, reason = "none", key } = row.expect;
    if (ip === null) {
      expect([response.status, target.received.length - asked]).toEqual([400, 0]);
      return;
    }
    const received = target.received.at(-1) as Received;
    expect([response.status, received.url]).toEqual([200, `/${revision}`]);
    const told = ["Client-Ip", "Trust", "Outcome", "Reason", "Key"].map((name) => linesOf(received, `X-Wherefrom-${name}`));
    expect(told).toEqual([[ip], [trust], [outcome], [reason], [key]]);
  });
});
