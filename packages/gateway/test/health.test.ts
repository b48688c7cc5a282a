import { defaultLimits } from "@wherefrom/gateway";
import { expect, test } from "vitest";
import { Health } from "../src/forward/health.ts";

const limits = {
  ...defaultLimits,
  maxTargetFailures: 3,
  maxTargetFailurePercent: 50,
  minTargetRequests: 8,
  targetWindowMs: 1_000,
  ejectionTimeMs: 100,
  maxEjectionTimeMs: 400,
};

/**
 * A story, told in steps: `12 ok` is a request sent and answered at 12 ms, `12 bad` one sent and failed then, `5..12 bad` one sent at 5 ms.
 * `12?` asks whether the target is to get a request.
 */
const stories = [
  { steps: ["0?"], ends: "in-use", available: [true] },
  { steps: ["1 bad", "2 bad", "2?"], ends: "in-use", available: [true] },
  { steps: ["1 bad", "2 bad", "3 bad", "3?", "102?", "103?"], ends: "ejected", available: [false, false, true] },
  { steps: ["1 bad", "2 bad", "3 ok", "4 bad", "5 bad"], ends: "in-use", available: [] },
  // half of eight requests, never three in a row
  { steps: ["1 ok", "2 bad", "3 ok", "4 bad", "5 ok", "6 bad", "7 ok", "8 bad"], ends: "ejected", available: [] },
  { steps: ["1 ok", "2 bad", "3 ok", "4 bad", "5 ok", "6 bad", "7 ok", "8 ok"], ends: "in-use", available: [] },
  // the same, but the first of them are of an earlier window
  { steps: ["1 ok", "2 bad", "3 ok", "4 bad", "1005 ok", "1006 bad", "1007 ok", "1008 bad"], ends: "in-use", available: [] },
  // one probe at a time, and its success brings the target back
  { steps: ["1 bad", "1 bad", "1 bad", "101?", "101 sent", "101?", "101..110 ok", "110?"], ends: "in-use", available: [true, false, true] },
  // a probe that nobody hears of again makes room for another
  { steps: ["1 bad", "1 bad", "1 bad", "101 sent", "200?", "201?"], ends: "probing", available: [false, true] },
  // a probe that fails ejects for twice as long, up to the longest time
  { steps: ["1 bad", "1 bad", "1 bad", "101 bad", "300?", "301?"], ends: "ejected", available: [false, true] },
  { steps: ["1 bad", "1 bad", "1 bad", "101 bad", "301 bad", "701 bad", "1100?", "1101?"], ends: "ejected", available: [false, true] },
  // what was sent before the ejection neither lengthens it nor ends it
  {
    steps: ["0..1 bad", "0..1 bad", "0..1 bad", "0..2 bad", "0..3 bad", "0..4 ok", "100?", "101?"],
    ends: "ejected",
    available: [false, true],
  },
  // when all targets are ejected requests go there all the same: an answer ends it, a failure does not lengthen it
  { steps: ["1 bad", "1 bad", "1 bad", "50 bad", "60 bad", "101?"], ends: "ejected", available: [true] },
  { steps: ["1 bad", "1 bad", "1 bad", "50 ok", "50?"], ends: "in-use", available: [true] },
  // back for less long than it was away, it is away for twice as long
  {
    steps: ["1 bad", "1 bad", "1 bad", "101 ok", "150 bad", "150 bad", "150 bad", "349?", "350?"],
    ends: "ejected",
    available: [false, true],
  },
  {
    steps: ["1 bad", "1 bad", "1 bad", "101 ok", "201 bad", "201 bad", "201 bad", "300?", "301?"],
    ends: "ejected",
    available: [false, true],
  },
];

test.each(stories)("$steps: $ends", ({ steps, ends, available }) => {
  const health = new Health(limits);
  const answers: boolean[] = [];
  for (const step of steps) {
    const { from, at, what = "?" } = /^(?:(?<from>\d+)\.\.)?(?<at>\d+) ?(?<what>\S+)$/.exec(step)?.groups ?? {};
    const nowMs = Number(at);
    const sentAtMs = Number(from ?? at);
    if (what === "?") answers.push(health.isAvailable(nowMs));
    if (what === "sent" || (what !== "?" && from === undefined)) health.sent(sentAtMs);
    if (what === "ok") health.answered(sentAtMs);
    if (what === "bad") health.failed(sentAtMs, nowMs);
  }
  expect([health.standing(), answers]).toEqual([ends, available]);
});
