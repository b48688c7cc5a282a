import type { TrafficEvent } from "@wherefrom/model";
import fc from "fast-check";
import { TIME_UNITS } from "../src/event-store/buckets.ts";
import { DIMENSIONS, type Dimension, METRICS, type Metric } from "../src/event-store/dimensions.ts";
import type { Filter } from "../src/event-store/filter.ts";
import type { Question } from "../src/event-store/port.ts";
import { ADDRESSES, COMPARED_DIMENSIONS } from "./event-oracle.ts";

const DAY_MS = 86_400_000;
/** A Monday, late in February of a leap year: weeks, months and a 29th are near. */
const BEGAN = Date.UTC(2024, 1, 26);

const TEXTS = ["", "a", "B", "GET", "PUT", "/a/b", "/a", "é", "a'b", "%", "50%"];

const absentOr = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(value, { nil: undefined });
const text = fc.constantFrom(...TEXTS);
const time = fc.oneof(
  fc.integer({ min: BEGAN - 40 * DAY_MS, max: BEGAN + 40 * DAY_MS }),
  fc.integer({ min: BEGAN, max: BEGAN + 7_200_000 }),
  fc.constantFrom(BEGAN - 1, BEGAN, BEGAN + 1, BEGAN + DAY_MS, Date.UTC(2024, 2, 1), Date.UTC(2024, 2, 1) - 1),
);
/** Numbers whose sums are exact in any order. */
const quarters = fc.integer({ min: 0, max: 4_000 }).map((number) => number / 4);

export const anyEvent: fc.Arbitrary<TrafficEvent> = fc
  .record({
    time,
    revision: fc.integer({ min: 0, max: 3 }),
    sampleRate: fc.constantFrom(undefined, undefined, 0.5, 0.25),
    api: absentOr(text),
    method: fc.constantFrom("GET", "PUT"),
    path: text,
    status: absentOr(fc.constantFrom(200, 204, 399, 400, 404, 499, 500, 503)),
    fault: absentOr(fc.constantFrom("TARGET_UNREACHABLE")),
    durationMs: quarters,
    targetMs: absentOr(quarters),
    responseBytes: fc.integer({ min: 0, max: 1_000_000 }),
    resolvedIp: absentOr(fc.constantFrom(...ADDRESSES)),
    clientIp: absentOr(fc.constantFrom(...ADDRESSES)),
    country: absentOr(fc.constantFrom("DE", "US")),
    userAgent: absentOr(text),
  })
  .map((fields) => ({
    organization: "local",
    environment: "demo",
    gateway: "edge-1",
    isComplete: true,
    requestBytes: 0,
    ...(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as typeof fields),
  })) as fc.Arbitrary<TrafficEvent>;

const dimensionOf = (...kinds: string[]): fc.Arbitrary<Dimension> =>
  fc.constantFrom(...COMPARED_DIMENSIONS.filter((dimension) => kinds.includes(DIMENSIONS[dimension])));

const number = fc.constantFrom("0", "1", "2", "3", "12", "23", "200", "400", "404", "500");
const values = (dimension: Dimension): fc.Arbitrary<string> => {
  if (DIMENSIONS[dimension] === "address") return fc.constantFrom(...ADDRESSES, "192.0.2.1");
  return DIMENSIONS[dimension] === "number" ? number : fc.oneof(text, fc.constantFrom("DE", "edge-1", "x"));
};

const leaf: fc.Arbitrary<Filter> = fc.oneof(
  dimensionOf("text", "number", "address").map((dimension): Filter => ({ kind: "absent", dimension })),
  dimensionOf("text", "number", "address").chain((dimension) =>
    fc.array(values(dimension), { minLength: 1, maxLength: 3 }).map((list): Filter => ({ kind: "in", dimension, values: list })),
  ),
  dimensionOf("text", "number").chain((dimension) =>
    fc
      .tuple(fc.constantFrom("<", "<=", ">", ">=" as const), values(dimension))
      .map(([operator, value]) => ({ kind: "compare", dimension, operator, value }) as Filter),
  ),
  fc
    .tuple(dimensionOf("text"), fc.constantFrom("a", "/a.*", ".*", ".", "(?:GET|PUT)", "[a-zA-Z]+", ".*'.*", ""))
    .map(([dimension, pattern]): Filter => ({ kind: "matches", dimension, pattern })),
);

const filter: fc.Arbitrary<Filter> = fc.letrec<{ any: Filter }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc
      .tuple(fc.constantFrom("and" as const, "or" as const), fc.array(tie("any"), { minLength: 1, maxLength: 3 }))
      .map(([kind, of]): Filter => ({ kind, of })),
    tie("any").map((of): Filter => ({ kind: "not", of })),
  ),
})).any;

const measure = fc.record({
  metric: fc.constantFrom(...(Object.keys(METRICS) as Metric[])),
  aggregate: fc.constantFrom("sum" as const, "avg" as const, "min" as const, "max" as const),
});

export const anyQuestion: fc.Arbitrary<Question> = fc
  .record({
    dimensions: fc.uniqueArray(fc.constantFrom(...COMPARED_DIMENSIONS), { maxLength: 3 }),
    measures: fc.array(measure, { minLength: 1, maxLength: 3 }),
    filter: absentOr(filter),
    per: absentOr(fc.record({ unit: fc.constantFrom(...TIME_UNITS), offsetMinutes: fc.constantFrom(0, 60, -420, 330, 840) })),
    order: fc.array(fc.record({ measure: fc.nat({ max: 2 }), isDescending: fc.boolean() }), { maxLength: 2 }),
    from: fc.constantFrom(0, BEGAN, BEGAN - 35 * DAY_MS),
    until: fc.constantFrom(BEGAN + 3_600_000, BEGAN + 60 * DAY_MS),
    offset: fc.constantFrom(0, 0, 0, 1, 3),
    limit: fc.constantFrom(1, 2, 5, 1_000),
  })
  .map(({ order, ...question }) => ({
    ...question,
    // an ordinary range where months are counted out
    from: question.per?.unit === "month" ? Math.max(question.from, BEGAN - 60 * DAY_MS) : question.from,
    order: order.map((by) => ({ ...by, measure: by.measure % question.measures.length })),
    maxPoints: 10_000,
  }));
