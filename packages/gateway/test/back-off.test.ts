import { expect, test } from "vitest";
import { createBackOff } from "../src/snapshot/back-off.ts";

const rows = [
  { random: 1, waits: [100, 200, 400, 800, 1_000, 1_000] },
  { random: 0, waits: [50, 100, 200, 400, 500, 500] },
];

test.each(rows)(
  "each attempt waits twice as long as the last, up to a limit, less up to half of it by chance: $waits",
  ({ random, waits }) => {
    const backOff = createBackOff({ minMs: 100, maxMs: 1_000, random: () => random });
    expect(waits.map(() => backOff.next())).toEqual(waits);
    backOff.reset();
    expect(backOff.next()).toBe(waits[0]);
  },
);
