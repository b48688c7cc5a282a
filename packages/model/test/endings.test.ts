import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Ending, Endings } from "../src/judge/endings.ts";

const HOUR = 3_600_000;

/** Two clocks that stand at noon of some day and at 5 s; time passes by both, and somebody turns the hands of one. */
function open(options?: { readonly maxKnown: number }) {
  const clocks = { wallMs: 1_000 * HOUR, steadyMs: 5_000 };
  const endings = new Endings({ wall: () => clocks.wallMs, steady: () => clocks.steadyMs }, options);
  return {
    endings,
    inMs: (key: string, ms: number): Ending => ({ key, endsAtMs: clocks.wallMs + ms }),
    pass: (ms: number) => {
      clocks.wallMs += ms;
      clocks.steadyMs += ms;
    },
    turn: (ms: number) => {
      clocks.wallMs += ms;
    },
  };
}

type Step = { readonly pass?: number; readonly turn?: number; readonly isOver: boolean };

const rows: { readonly says: string; readonly steps: readonly Step[] }[] = [
  {
    says: "without anybody at the clock it ends in time",
    steps: [
      { pass: 0, isOver: false },
      { pass: HOUR - 1, isOver: false },
      { pass: 1, isOver: true },
    ],
  },
  {
    says: "put back by a day, it ends when it would have",
    steps: [
      { turn: -24 * HOUR, isOver: false },
      { pass: HOUR - 1, isOver: false },
      { pass: 1, isOver: true },
    ],
  },
  {
    says: "put back when it is over, it stays over",
    steps: [
      { pass: HOUR, isOver: true },
      { turn: -24 * HOUR, isOver: true },
      { pass: HOUR, isOver: true },
    ],
  },
  {
    says: "put forward, it ends by the wall clock",
    steps: [
      { turn: HOUR - 1, isOver: false },
      { turn: 1, isOver: true },
    ],
  },
  {
    says: "put forward and back again, it stays over",
    steps: [
      { turn: 24 * HOUR, isOver: true },
      { turn: -24 * HOUR, isOver: true },
    ],
  },
  {
    says: "put back bit by bit, faster than time passes",
    steps: [
      { pass: HOUR / 2, turn: -HOUR, isOver: false },
      { pass: HOUR / 2, turn: -HOUR, isOver: true },
    ],
  },
];

describe("of something that ends in an hour", () => {
  test.each(rows)("$says", ({ steps }) => {
    const { endings, inMs, pass, turn } = open();
    const ending = inMs("a", HOUR);
    endings.keepOnly([ending]);
    for (const { pass: ms = 0, turn: by = 0, isOver } of steps) {
      pass(ms);
      turn(by);
      expect(endings.isOver(ending)).toBe(isOver);
    }
  });
});

test("whatever is done to the clock, nothing that was over holds again, and nothing holds longer than it would have", () => {
  const step = fc.record({ pass: fc.nat(20_000), turn: fc.integer({ min: -2 * HOUR, max: 2 * HOUR }), isTurned: fc.boolean() });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.array(step, { minLength: 1, maxLength: 20 }), (ms, steps) => {
      const { endings, inMs, pass, turn } = open();
      const ending = inMs("a", ms);
      endings.keepOnly([ending]);
      let passed = 0;
      let wasOver = false;
      for (const { pass: passing, turn: by, isTurned } of steps) {
        pass(passing);
        passed += passing;
        if (isTurned) turn(by);
        const isOver = endings.isOver(ending);
        expect(isOver || !wasOver).toBe(true);
        expect(isOver || passed < ms).toBe(true);
        // the next snapshot has it too
        endings.keepOnly([ending]);
        wasOver = isOver;
      }
    }),
    { seed: 20261126 },
  );
});

test("what is heard of after the clock was put right again holds as it says", () => {
  const { endings, inMs, pass, turn } = open();
  const early = inMs("early", HOUR);
  endings.keepOnly([early]);
  turn(24 * HOUR);
  expect(endings.isOver(early)).toBe(true);
  turn(-24 * HOUR);
  const late = inMs("late", HOUR);
  endings.keepOnly([early, late]);
  expect([endings.isOver(early), endings.isOver(late)]).toEqual([true, false]);
  pass(HOUR);
  expect(endings.isOver(late)).toBe(true);
});

test("past the limit the one heard of longest ago is forgotten, and forgetting leaves the wall clock", () => {
  const { endings, inMs, pass, turn } = open({ maxKnown: 2 });
  const [first, second, third] = ["1", "2", "3"].map((key) => inMs(key, HOUR)) as [Ending, Ending, Ending];
  for (const ending of [first, second, third]) expect(endings.isOver(ending)).toBe(false);
  turn(-2 * HOUR);
  pass(HOUR);
  expect([second, third, first].map((ending) => endings.isOver(ending))).toEqual([true, true, false]);
});
