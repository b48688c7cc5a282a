import { isDeepStrictEqual } from "node:util";
import { trafficEventSchema } from "@wherefrom/model";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type EventCheck, eventCheck } from "../src/api/event-check.ts";
import { eventOf } from "./event-store-contract.ts";

let isEvent: EventCheck;
beforeAll(async () => {
  isEvent = await eventCheck();
});

/** Whether the schema takes a value and leaves it as it is. */
function isTakenAsItIs(value: unknown): boolean {
  const { success, data } = trafficEventSchema.safeParse(value);
  return success && isDeepStrictEqual(data, value);
}

const FULL = eventOf({
  sampleRate: 0.5,
  status: 200,
  targetMs: 0.25,
  resolvedIp: "203.0.113.7",
  trust: "verified",
  outcome: "resolved",
  evidence: { peer: "10.0.0.1", fields: [["x-forwarded-for", "203.0.113.7"]] },
});

/** As they stand in JSON: at and past each bound of some field, of each kind, and what JavaScript reads in a way of its own. */
const TEXTS = [0, 1, 4_096, 4_097, 16_384, 16_385].map((length) => JSON.stringify("a".repeat(length)));
const VALUES = [
  ...TEXTS,
  ...['"\u{1f600}"', JSON.stringify("\u{1f600}".repeat(2_049)), '"\\ud800"', '"verified"', '"resolved"', '"rejected"', '"0"', '"200"'],
  ...["0", "-0", "1", "-1", "0.5", "1.5", "99", "100", "599", "600", "9007199254740991", "9007199254740992", "1e308", "1e999", "-1e999"],
  ...["null", "true", "false", "[]", "{}", "[[]]", '[["a","b"]]', '[["a"]]', '[["a","b","c"]]', '[["a",1]]', '{"fields":[]}', '{"0":1}'],
];
const value = fc.constantFrom(...VALUES);

const name = fc.constantFrom(...Object.keys(trafficEventSchema.shape), "__proto__", "constructor", "toString", "unknown", "");
const evidence = fc
  .array(
    fc.tuple(fc.constantFrom("peer", "fields", "__proto__", "more"), fc.oneof(value, fc.constant('[["via","1.1 a"],["cookie",""]]'))),
    { maxLength: 2 },
  )
  .map((members) => objectText([["fields", "[]"], ...members]));

/** Of members with the same name the last one counts. */
function objectText(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}

/** An event some of whose fields are missing, and some other than they were. */
const line = fc
  .record({
    without: fc.array(name, { maxLength: 1 }),
    other: fc.array(fc.oneof(fc.tuple(name, value), fc.tuple(fc.constant("evidence"), evidence)), { maxLength: 2 }),
  })
  .map(({ without, other }) => {
    const left = Object.entries(FULL).filter(([key]) => !without.includes(key));
    return objectText([...left.map(([key, of]) => [key, JSON.stringify(of)] as const), ...other]);
  });

test("says yes exactly to what the schema takes and leaves as it is", () => {
  const said = { yes: 0, no: 0 };
  const agrees = (text: string): void => {
    const read: unknown = JSON.parse(text);
    const says = isEvent(read);
    said[says ? "yes" : "no"] += 1;
    // a long text of surrogate pairs is for the schema to count
    if (says || !text.includes("\u{1f600}\u{1f600}")) expect(says).toBe(isTakenAsItIs(read));
  };
  fc.assert(fc.property(fc.oneof({ weight: 9, arbitrary: line }, { weight: 1, arbitrary: fc.oneof(value, fc.json()) }), agrees), {
    numRuns: 3_000,
  });
  for (const text of VALUES)
    for (const key of [...Object.keys(FULL), "__proto__"])
      agrees(objectText([...Object.entries(FULL).map(([of, other]) => [of, JSON.stringify(other)] as const), [key, text]]));
  expect(Math.min(said.yes, said.no)).toBeGreaterThan(500);
});
