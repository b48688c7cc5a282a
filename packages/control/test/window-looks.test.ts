import { expect, test } from "vitest";
import { windowLooks } from "../src/abuse/window-looks.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** What becomes of looks at a day, one after the other. */
const steps = [
  { says: "the first is a look", at: 0, fails: true, looks: true },
  { says: "one after a fault is another, at the same moment too", at: 0, fails: true, looks: true },
  { says: "as often as it takes", at: 1, fails: false, looks: true },
  { says: "one that has worked is enough for the 144th part of a day", at: 10 * MINUTE_MS, fails: false, looks: false },
  { says: "and for no longer", at: 10 * MINUTE_MS + 1, fails: true, looks: true },
  { says: "a fault then is tried again, too", at: 10 * MINUTE_MS + 2, fails: false, looks: true },
  { says: "a clock that is put back by more is no reason to wait for it", at: -DAY_MS, fails: false, looks: true },
  { says: "and it goes on from there", at: -DAY_MS + MINUTE_MS, fails: false, looks: false },
  { says: "a clock that is put right again likewise", at: 10 * MINUTE_MS + 2, fails: false, looks: true },
];

test("a window that could not be looked at is looked at again at the next look, and one that could only when it is due", async () => {
  const lookIfDue = windowLooks();
  for (const { says, at, fails, looks } of steps) {
    let isLooked = false;
    const looking = lookIfDue({ name: "prod 1440", lengthMs: DAY_MS, at }, async () => {
      isLooked = true;
      if (fails) throw new Error("The database is away");
    });
    if (fails) await expect(looking).rejects.toThrow("The database is away");
    else await looking;
    expect([says, isLooked]).toEqual([says, looks]);
  }
  let isOther = false;
  await lookIfDue({ name: "test 1440", lengthMs: DAY_MS, at: 10 * MINUTE_MS + 3 }, async () => {
    isOther = true;
  });
  expect(isOther).toBe(true);
});
