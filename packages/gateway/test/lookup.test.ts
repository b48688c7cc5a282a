import { expect, test } from "vitest";
import { type Lookup, lastGoodLookup } from "../src/forward/connect/lookup.ts";

/** What the name servers say, by name: an address, or the code of a failure. */
type Answers = Record<string, string>;

const rows: { what: string; steps: readonly { atMs: number; answers: Answers; asks: string; gets: string }[] }[] = [
  {
    what: "an answer is the name servers', always",
    steps: [
      { atMs: 0, answers: { a: "10.0.0.1" }, asks: "a", gets: "10.0.0.1" },
      { atMs: 1, answers: { a: "10.0.0.2" }, asks: "a", gets: "10.0.0.2" },
    ],
  },
  {
    what: "while they are away the last good one is used, as long as it is not too old",
    steps: [
      { atMs: 0, answers: { a: "10.0.0.1" }, asks: "a", gets: "10.0.0.1" },
      { atMs: 1_000, answers: { a: "EAI_AGAIN" }, asks: "a", gets: "10.0.0.1" },
      { atMs: 1_001, answers: { a: "EAI_AGAIN" }, asks: "a", gets: "EAI_AGAIN" },
    ],
  },
  {
    what: "a name that was taken away has no address, and the next failure brings none back",
    steps: [
      { atMs: 0, answers: { a: "10.0.0.1" }, asks: "a", gets: "10.0.0.1" },
      { atMs: 1, answers: { a: "ENOTFOUND" }, asks: "a", gets: "ENOTFOUND" },
      { atMs: 2, answers: { a: "EAI_AGAIN" }, asks: "a", gets: "EAI_AGAIN" },
    ],
  },
  {
    what: "one name's address is never another's",
    steps: [
      { atMs: 0, answers: { a: "10.0.0.1" }, asks: "a", gets: "10.0.0.1" },
      { atMs: 1, answers: { b: "EAI_AGAIN" }, asks: "b", gets: "EAI_AGAIN" },
    ],
  },
  {
    what: "of more names than are kept the oldest is forgotten",
    steps: [
      { atMs: 0, answers: { a: "10.0.0.1" }, asks: "a", gets: "10.0.0.1" },
      { atMs: 1, answers: { b: "10.0.0.2" }, asks: "b", gets: "10.0.0.2" },
      { atMs: 2, answers: { c: "10.0.0.3" }, asks: "c", gets: "10.0.0.3" },
      { atMs: 3, answers: { a: "EAI_AGAIN" }, asks: "a", gets: "EAI_AGAIN" },
      { atMs: 3, answers: { c: "EAI_AGAIN" }, asks: "c", gets: "10.0.0.3" },
    ],
  },
];

test.each(rows)("$what", async ({ steps }) => {
  let nowMs = 0;
  let answers: Answers = {};
  const nameServers: Lookup = (hostname, _options, callback) => {
    const answer = answers[hostname] ?? "";
    if (/^E/.test(answer)) callback(Object.assign(new Error(answer), { code: answer }), "");
    else callback(null, answer, 4);
  };
  const lookup = lastGoodLookup({ maxAgeMs: 1_000, maxNames: 2, now: () => nowMs, lookup: nameServers });
  for (const step of steps) {
    nowMs = step.atMs;
    answers = step.answers;
    const got = await new Promise((resolve) => lookup(step.asks, { family: 4 }, (error, address) => resolve(error?.code ?? address)));
    expect(got).toBe(step.gets);
  }
});

test("all addresses and the first one are kept apart, and the system is asked by default", async () => {
  const lookup = lastGoodLookup({ maxAgeMs: 1_000, maxNames: 9, now: () => 0 });
  const all = await new Promise((resolve) => lookup("localhost", { all: true, family: 4 }, (_error, addresses) => resolve(addresses)));
  expect(all).toEqual([{ address: "127.0.0.1", family: 4 }]);
  const first = await new Promise((resolve) => lookup("localhost", { family: 4 }, (_error, address, family) => resolve([address, family])));
  expect(first).toEqual(["127.0.0.1", 4]);
});
