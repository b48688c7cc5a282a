import { securityActionSchema, trafficEventSchema } from "@wherefrom/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { evidenceOf } from "wherefrom/node";
import { eventWriter, maxEventBytes } from "../src/events/event-line.ts";
import { WaitingEvents } from "../src/events/waiting-events.ts";
import { AsciiWriter } from "../src/record/ascii-writer.ts";
import type { ExchangeRecord } from "../src/record/exchange-record.ts";
import { compileSnapshot } from "../src/snapshot/compile.ts";
import { snapshotOf } from "./rig/gateway.ts";

const compiled = compileSnapshot(snapshotOf([{ target: "http://127.0.0.1:1" }], { policy: { peerAddressAlgorithm: {} } }));
if (compiled.kind !== "compiled") throw new Error("The snapshot is not valid");
const { snapshot } = compiled;

function recordOf(text: string, fields: readonly string[]): ExchangeRecord {
  const evidence = evidenceOf({ rawHeaders: fields, socket: {} }, { peer: "192.0.2.1" });
  return {
    durationMs: 1,
    method: text,
    httpVersion: "1.1",
    requestTarget: text,
    fields,
    host: text,
    pathAndQuery: text,
    peer: text,
    isClients: true,
    resolution: { ...snapshot.resolver.resolve(evidence), algorithm: text },
    signedHop: undefined,
    securityAction: undefined,
    observedAction: undefined,
    decision: "ext-authz",
    route: "r".repeat(63),
    target: text,
    attempts: 1,
    targetMs: 1e9,
    status: 200,
    fault: "UPSTREAM_TIMEOUT",
    isComplete: false,
    requestBytes: Number.MAX_SAFE_INTEGER,
    responseBytes: Number.MAX_SAFE_INTEGER,
    revision: 1,
    flowVariable: () => "2001:db8::ffff:ffff:ffff:ffff",
  };
}

function lineOf(record: ExchangeRecord): string {
  const line = new AsciiWriter(Buffer.alloc(2 * maxEventBytes));
  const gateway = "g".repeat(512);
  eventWriter({ gateway, sampleRate: 0.123_456_789, placeOf: () => ({ region: record.method, asn: "4294967295" }) })(
    { record, snapshot, beganAtMs: Number.MAX_SAFE_INTEGER },
    line,
  );
  return line.bytes.toString("latin1", 0, line.at);
}

const hostile = ["\u0000", "\\", '"', "\uffff", "\ud800"];

test.each(hostile)("no event of the worst texts is longer than it may be, and each is one: %j", (unit) => {
  const text = unit.repeat(6_000);
  const whole = ["User-Agent", text, "X-Forwarded-For", unit.repeat(2_000), "X-Forwarded-For", unit.repeat(2_000)];
  const tooMuch = [...whole, "X-Forwarded-Proto", text, "True-Client-IP", text, "X-Forwarded-For", text];
  for (const fields of [whole, tooMuch]) {
    const line = lineOf(recordOf(text, fields));
    expect(line.length).toBeLessThan(maxEventBytes);
    const event = trafficEventSchema.parse(JSON.parse(line));
    expect(event.evidence?.fields).toEqual(fields === whole ? [3, 5].map((at) => ["x-forwarded-for", whole[at]]) : undefined);
  }
});

test("whatever a client sends, its event is one line of ASCII and reads as one event", () => {
  const value = fc.string({ unit: "binary", maxLength: 40 });
  const name = fc.constantFrom("X-Forwarded-For", "forwarded", "USER-AGENT", "x_real_ip", "Cookie", "X-Forwarded-\u00e9");
  const fields = fc.array(fc.tuple(name, value), { maxLength: 20 }).map((pairs) => pairs.flat());
  fc.assert(
    fc.property(value, fields, (text, headers) => {
      const line = lineOf(recordOf(text, headers));
      expect(line).toMatch(/^[\x20-\x7e]+\n$/);
      const event = trafficEventSchema.parse(JSON.parse(line));
      expect(event.evidence?.fields.map(([, given]) => given)).toEqual(
        headers.filter((_, index) => index % 2 === 1 && !/agent|cookie/i.test(headers[index - 1] ?? "")),
      );
    }),
  );
});

test("an event says which action decided, and which would have", () => {
  const [no, tried] = ["no", "try"].map((name) =>
    securityActionSchema.parse({ name, state: "ENABLED", conditionConfig: { httpMethods: ["GET"] }, deny: {} }),
  );
  const event = JSON.parse(lineOf({ ...recordOf("a", []), securityAction: no, observedAction: tried }));
  expect(trafficEventSchema.parse(event)).toMatchObject({ securityAction: "no", observedAction: "try" });
});

test("an event that fails half way leaves nothing behind", () => {
  const waiting = new WaitingEvents(1_000);
  const add = (text: string): boolean => waiting.add(text, (given, line) => line.text(given));
  expect(add("one\n")).toBe(true);
  expect(() =>
    waiting.add("two", (given, line) => {
      line.text(given);
      throw new Error("half way");
    }),
  ).toThrow("half way");
  expect(add("three\n")).toBe(true);
  expect(add("x".repeat(1_000))).toBe(false);
  waiting.closeNewest();
  const batch = waiting.oldestClosed();
  expect(batch?.lines.bytes.toString("latin1", 0, batch.bytes)).toBe("one\nthree\n");
  expect(waiting.events).toBe(2);
});
