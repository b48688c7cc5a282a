import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AnswerHandler } from "../src/forward/connect/outgoing.ts";
import { SilenceWatch } from "../src/forward/connect/silence-watch.ts";
import { codeOf } from "../src/forward/upstream-error.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const timeouts = { headersTimeoutMs: 1_000, bodyTimeoutMs: 2_000 };

type Step = (answer: AnswerHandler) => void;

const header = (status: number): Step => {
  return (answer) => void answer.onHeaders(status, [], () => undefined, "");
};
const data: Step = (answer) => void answer.onData(Buffer.from("x"));

/** What a target does at which time, in milliseconds, and in which time the gateway gives up on it. */
const cases: readonly { what: string; steps: readonly (readonly [atMs: number, step: Step])[]; from: number; to: number }[] = [
  { what: "says nothing", steps: [], from: 1_000, to: 1_500 },
  { what: "says an interim header and no more", steps: [[800, header(103)]], from: 1_800, to: 2_300 },
  { what: "says a header and no more", steps: [[900, header(200)]], from: 2_900, to: 3_400 },
  {
    what: "falls silent in its body",
    steps: [
      [100, header(200)],
      [1_900, data],
      [3_700, data],
    ],
    from: 5_700,
    to: 6_200,
  },
];

/** An answer under way, and when it was given up with which code. */
function open(watch: SilenceWatch, { goesOn = true } = {}) {
  const given: { upAtMs?: number; code?: string; resume?: () => void } = {};
  const answer = watch.over(
    {
      onConnect: () => undefined,
      onResponseStarted: () => undefined,
      onHeaders: (_status, _fields, resume) => {
        given.resume = resume;
        return true;
      },
      onData: () => goesOn,
      onComplete: () => undefined,
      onError: (error) => Object.assign(given, { upAtMs: Date.now(), code: codeOf(error) }),
    },
    timeouts,
  );
  answer.onConnect((reason) => answer.onError(reason ?? new Error("aborted")));
  return { answer, given };
}

test.each(cases)("a target that $what is given up after $from to $to ms", ({ steps, from, to }) => {
  // At any time between two looks.
  for (const offsetMs of [0, 1, 124, 249]) {
    const watch = new SilenceWatch();
    open(watch).answer.onComplete(null);
    vi.advanceTimersByTime(offsetMs);
    const startedAtMs = Date.now();
    const { answer, given } = open(watch);
    for (const [atMs, step] of steps) {
      vi.advanceTimersByTime(startedAtMs + atMs - Date.now());
      step(answer);
    }
    vi.advanceTimersByTime(60_000);
    const afterMs = (given.upAtMs ?? 0) - startedAtMs;
    expect(given.code).toBe("UPSTREAM_TIMEOUT");
    expect(afterMs).toBeGreaterThanOrEqual(from);
    expect(afterMs).toBeLessThanOrEqual(to);
  }
});

test("who is held back is not silent, until it is asked to go on", () => {
  const { answer, given } = open(new SilenceWatch(), { goesOn: false });
  header(200)(answer);
  data(answer);
  vi.advanceTimersByTime(60_000);
  expect(given.upAtMs).toBeUndefined();
  const resumedAtMs = Date.now();
  given.resume?.();
  vi.advanceTimersByTime(1_900);
  expect(given.upAtMs).toBeUndefined();
  vi.advanceTimersByTime(60_000);
  expect((given.upAtMs ?? 0) - resumedAtMs).toBeLessThanOrEqual(2_500);
});

test("an answer that is complete is watched no more, and without answers nothing is looked at", () => {
  const watch = new SilenceWatch();
  const [first, second, third] = [open(watch), open(watch), open(watch)];
  first.answer.onComplete(null);
  first.answer.onError(new Error("late"));
  third.answer.onError(new Error("broken"));
  vi.advanceTimersByTime(60_000);
  expect([first, second, third].map(({ given }) => given.code)).toEqual(["", "UPSTREAM_TIMEOUT", ""]);
  expect(vi.getTimerCount()).toBe(0);
});
