import { expect, test } from "vitest";
import { LoopDelays } from "../src/overload/loop-delays.ts";

/** The looks of one reading after another, in milliseconds, and the median that each reading gives. */
const loops = [
  {
    what: "in time",
    readings: [
      [1, 2, 1],
      [1, 1, 3],
    ],
    medians: [1, 1],
  },
  {
    what: "that stands still once, in the middle of a reading",
    readings: [
      [1, 1],
      [1, 1, 3_000, 1],
    ],
    medians: [1, 1],
  },
  { what: "that stands still once, as long as a reading", readings: [[1, 1], [3_000], [1, 1, 1]], medians: [1, 1, 1] },
  { what: "that stands still once, at its start", readings: [[3_000], [1]], medians: [0, 1] },
  { what: "whose every turn takes longer than a reading", readings: [[600], [600], [600]], medians: [0, 600, 600] },
  { what: "that is late more often than not", readings: [[600, 1, 600, 600, 1, 600]], medians: [600] },
  { what: "that nobody looked at", readings: [[], []], medians: [0, 0] },
];

test.each(loops)("the median delay of a loop $what", ({ readings, medians }) => {
  const delays = new LoopDelays();
  const read = readings.map((looks) => {
    for (const look of looks) delays.note(look);
    return delays.read();
  });
  expect(read.map(({ medianLoopDelayMs }) => medianLoopDelayMs)).toEqual(medians);
  // A single long pause is told all the same.
  expect(read.map(({ p99LoopDelayMs }) => p99LoopDelayMs)).toEqual(readings.map((looks) => Math.max(0, ...looks)));
});
