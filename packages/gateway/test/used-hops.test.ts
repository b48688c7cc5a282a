import fc from "fast-check";
import { expect, test } from "vitest";
import { UsedHops } from "../src/signed-hop/used-hops.ts";

const windowMs = 1_000;

const steps = [
  { at: 10_000, issued: 10_000, hop: "a", says: "first" },
  { at: 10_000, issued: 10_000, hop: "b", says: "first" },
  { at: 10_999, issued: 10_000, hop: "a", says: "replayed" },
  { at: 11_000, issued: 10_000, hop: "a", says: "replayed" }, // the last moment at which it is fresh
  { at: 11_000, issued: 12_000, hop: "c", says: "first" }, // as far ahead as may be
  { at: 13_000, issued: 12_000, hop: "c", says: "replayed" },
  { at: 13_000, issued: 13_000, hop: "d", says: "first" },
  { at: 10_500, issued: 10_400, hop: "e", says: "forgotten" }, // the clock was put back: what was used then is not known any more
  { at: 10_500, issued: 11_200, hop: "f", says: "first" }, // nothing of this time was ever forgotten
] as const;

test("a hop is the first of its kind once in its life", () => {
  const used = new UsedHops({ windowMs, maxHops: 100 });
  for (const { at, issued, hop, says } of steps) expect(used.use(hop, { issuedAtMs: issued, nowMs: at }), `${hop} at ${at}`).toBe(says);
});

test("whatever the clocks do, no fresh hop counts twice, and no more are kept than may be", () => {
  const event = fc.record({
    tickMs: fc.integer({ min: -300, max: 700 }),
    skewMs: fc.integer({ min: -windowMs, max: windowMs }),
    id: fc.nat(30),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), (events) => {
      const used = new UsedHops({ windowMs, maxHops: 20 });
      const issues = new Map<number, number>();
      const seen = new Set<number>();
      let nowMs = 1_000_000;
      for (const { tickMs, skewMs, id } of events) {
        nowMs += tickMs;
        const issuedAtMs = issues.get(id) ?? nowMs + skewMs;
        issues.set(id, issuedAtMs);
        // What is not fresh is never asked about.
        if (Math.abs(nowMs - issuedAtMs) > windowMs) continue;
        const use = used.use(`hop-${id}`, { issuedAtMs, nowMs });
        if (use !== "first") continue;
        expect(seen.has(id)).toBe(false);
        seen.add(id);
      }
    }),
    { seed: 20261125 },
  );
});

test("room that is taken is free again when what took it is stale", () => {
  const used = new UsedHops({ windowMs, maxHops: 2 });
  const use = (hop: string, nowMs: number) => used.use(hop, { issuedAtMs: nowMs, nowMs });
  expect([use("a", 5_000), use("b", 5_000), use("c", 5_000), use("a", 5_500), use("d", 7_500)]).toEqual([
    "first",
    "first",
    "memory-full",
    "replayed",
    "first",
  ]);
});
