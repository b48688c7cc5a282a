import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headerIndex, type Json } from "./control-under-test.ts";
import { openControlWithEvents } from "./control-with-events.ts";
import { eventOf } from "./event-store-contract.ts";

const NOON = Date.UTC(2026, 10, 25, 12);
const HOUR = { startTime: "2026-11-25T12:00:00Z", endTime: "2026-11-25T13:00:00Z" };
const POLICY = { clientIpResolutionConfig: { peerAddressAlgorithm: {} } };

let control: Awaited<ReturnType<typeof openControlWithEvents>>;
beforeAll(async () => {
  control = await openControlWithEvents({ events: { demo: [eventOf({ time: NOON })] }, receivedAt: NOON, now: () => NOON + 1 });
  expect((await control.ask("POST ", { body: { name: "demo", clientIpResolutionConfig: headerIndex(0) } })).status).toBe(200);
});
afterAll(() => control.close());

/** Sends a request, and leaves as soon as it is on the way. */
async function askAndLeave(line: string, body: Json | undefined): Promise<void> {
  const [method = "", path = ""] = line.split(" ");
  const { hostname, port, host, pathname, search } = new URL(control.urlOf(path));
  const text = body === undefined ? "" : JSON.stringify(body);
  const fields = [`host: ${host}`, `authorization: Bearer ${control.token}`, "content-type: application/json"];
  const head = [`${method} ${pathname}${search} HTTP/1.1`, ...fields, `content-length: ${Buffer.byteLength(text)}`, "", ""].join("\r\n");
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  await new Promise<void>((resolve) => socket.end(head + text, resolve));
  socket.destroy();
}

async function gone(): Promise<number> {
  const text = await (await control.get("//metrics")).text();
  return Number(/^wherefrom_control_refusals_total\{reason="CLIENT_GONE"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

const request = { peer: "10.0.0.1", headers: [["X-Forwarded-For", "203.0.113.7"]] };

test.each([
  { line: "GET /demo/stats/apiproxy?select=sum(message_count)&timeRange=11/25/2026+00:00~11/26/2026+00:00", body: undefined },
  { line: "GET /demo:fit", body: undefined },
  { line: "POST /demo:diagnose", body: {} },
  { line: "POST /demo:preview", body: { ...POLICY, recorded: HOUR } },
  { line: "POST /demo:preview", body: { ...POLICY, evidence: Array.from({ length: 20_000 }, () => request) } },
])("$line is worked on for nobody who has left", async ({ line, body }) => {
  const before = await gone();
  // an answer may have been faster than the end of a connection
  while ((await gone()) === before) await askAndLeave(line, body);
  const answer = await control.ask(line, { body });
  expect(answer.status).toBe(200);
});
