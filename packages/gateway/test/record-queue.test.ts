import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ExchangeRecord } from "../src/record/exchange-record.ts";
import { type EndedExchange, RecordQueue, type RecordTaker } from "../src/record/record-queue.ts";
import type { CompiledSnapshot } from "../src/snapshot/compile.ts";

const snapshot = {} as CompiledSnapshot;
const NOW_MS = 1_764_000_000_000;

type Watched = { readonly queue: RecordQueue; readonly told: string[]; readonly failures: unknown[]; readonly ended: EndedExchange[] };

/** Two takers, of which one takes no record of this target. */
function open(refused = "nothing"): Watched {
  const told: string[] = [];
  const failures: unknown[] = [];
  const ended: EndedExchange[] = [];
  const taker = (name: string, refuses: string): RecordTaker => ({
    take(one) {
      if (one.record.requestTarget === refuses) throw new Error(refuses);
      told.push(`${name} ${one.record.requestTarget}`);
      ended.push(one);
    },
  });
  const takers = [taker("log", "nothing"), taker("events", refused)];
  const queue = new RecordQueue({ takers, now: () => NOW_MS, onFailed: (error) => void failures.push(error) });
  return { queue, told, failures, ended };
}

function add({ queue }: Watched, requestTarget: string, startedAtMs = 0): void {
  queue.add({ requestTarget } as ExchangeRecord, { snapshot, startedAtMs });
}

test("records wait for the end of the turn, and go to one taker after the other", async () => {
  const watched = open();
  for (const name of ["/1", "/2"]) add(watched, name);
  expect(watched.told).toEqual([]);
  await nextTurn();
  expect(watched.told).toEqual(["log /1", "log /2", "events /1", "events /2"]);
  add(watched, "/3");
  await nextTurn();
  expect(watched.told.slice(4)).toEqual(["log /3", "events /3"]);
});

test("who asks for them has them at once, and once", async () => {
  const watched = open();
  add(watched, "/1");
  watched.queue.flush();
  expect(watched.told).toEqual(["log /1", "events /1"]);
  add(watched, "/2");
  await nextTurn();
  await nextTurn();
  expect(watched.told).toEqual(["log /1", "events /1", "log /2", "events /2"]);
});

test("more than 64 do not wait", () => {
  const watched = open();
  for (let at = 0; at < 63; at += 1) add(watched, `/${at}`);
  expect(watched.told).toEqual([]);
  add(watched, "/63");
  expect(watched.told).toHaveLength(128);
});

test("a taker that throws loses that record alone, and says so", () => {
  const watched = open("/2");
  for (const name of ["/1", "/2", "/3"]) add(watched, name);
  watched.queue.flush();
  expect(watched.told).toEqual(["log /1", "log /2", "log /3", "events /1", "events /3"]);
  expect(watched.failures).toEqual([new Error("/2")]);
});

test("a record has the time of day at which its exchange began", () => {
  const watched = open();
  const startedAtMs = performance.now();
  add(watched, "/1", startedAtMs - 250);
  add(watched, "/2", startedAtMs);
  watched.queue.flush();
  const [first, second] = watched.ended;
  expect((second?.beganAtMs ?? 0) - (first?.beganAtMs ?? 0)).toBeCloseTo(250, 2);
  expect(second?.beganAtMs).toBeLessThanOrEqual(NOW_MS);
});
