import type { Notice } from "@wherefrom/gateway";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { tellRepeatedRarely } from "../src/repeated-notice.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const dropped: Notice = { level: "warning", code: "CONNECTION_DROPPED", message: "A connection was dropped" };
const failed: Notice = { level: "warning", code: "EXCHANGE_FAILED", message: "An exchange failed" };
const ejected: Notice = { level: "warning", code: "TARGET_EJECTED", message: "A target was ejected" };

test("of what comes from outside the first of a kind is told at once, and every ten seconds how many more there were", () => {
  const told: string[] = [];
  const tell = tellRepeatedRarely(({ message }) => void told.push(message));
  const took = (): string[] => told.splice(0);
  for (let count = 0; count < 1_000; count += 1) tell(dropped);
  tell(failed);
  expect(took()).toEqual(["A connection was dropped", "An exchange failed"]);
  vi.advanceTimersByTime(9_999);
  expect(took()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(took()).toEqual(["A connection was dropped; 999 more like it in 10 s"]);
  for (let count = 0; count < 5; count += 1) tell(dropped);
  vi.advanceTimersByTime(10_000);
  expect(took()).toEqual(["A connection was dropped; 5 more like it in 10 s"]);
  // after ten quiet seconds the next one is news again
  vi.advanceTimersByTime(10_000);
  tell(dropped);
  expect(took()).toEqual(["A connection was dropped"]);
});

test("what the gateway and its operator cause is told each time", () => {
  const told: string[] = [];
  const tell = tellRepeatedRarely(({ message }) => void told.push(message));
  for (let count = 0; count < 3; count += 1) tell(ejected);
  expect(told).toHaveLength(3);
});
