import fc from "fast-check";
import { expect, test } from "vitest";
import { createResolver, evidenceOfFields, parsePolicy, type Resolution } from "../src/index.ts";
import { element, type GeneratedRequest, listLine, policy, request } from "./oracle/requests.ts";
import { oracleResolve } from "./oracle/resolve.ts";

type Json = Readonly<Record<string, unknown>>;

/** One seed, so that a run repeats. Another seed asks other questions. */
const RUNS = { numRuns: 3000, seed: 7239 };
const SHORT_RUNS = { numRuns: 1500, seed: 7239 };
const TRUSTED = ["10.0.0.0/8", "fd00::/8"];
const PEER = "10.0.0.1";

function resolve(config: Json, { peer, headers }: GeneratedRequest): Resolution {
  return createResolver(parsePolicy(config)).resolve(evidenceOfFields(peer, headers));
}

function ofLines(...lines: readonly string[]): GeneratedRequest {
  return { peer: PEER, headers: lines.map((line) => ["X-Forwarded-For", line] as const) };
}

const walk: Json = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: TRUSTED }, fallback: "REJECT" };

test("the library and the oracle give the same resolution", () => {
  fc.assert(
    fc.property(policy, request, (config, asked) => {
      expect(resolve(config, asked)).toEqual(oracleResolve(config, asked));
    }),
    RUNS,
  );
});

test("one resolver says of each of many requests, in any order, what a new one says", () => {
  const asked = fc.array(fc.tuple(request, fc.boolean()), { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(policy, asked, (config, requests) => {
      const resolver = createResolver(parsePolicy(config));
      for (const [{ peer, headers }, isExplained] of [...requests, ...requests.toReversed()]) {
        const evidence = evidenceOfFields(peer, headers);
        const answer = isExplained ? resolver.explain(evidence) : resolver.resolve(evidence);
        expect(answer).toMatchObject(resolve(config, { peer, headers }));
      }
    }),
    { numRuns: 400, seed: 7239 },
  );
});

test("explain says what resolve says", () => {
  fc.assert(
    fc.property(policy, request, (config, asked) => {
      const resolver = createResolver(parsePolicy(config));
      const evidence = evidenceOfFields(asked.peer, asked.headers);
      expect(resolver.explain(evidence)).toMatchObject(resolver.resolve(evidence));
    }),
    RUNS,
  );
});

test("ip is null exactly when the outcome is rejected, and a reason stands exactly when the algorithm did not choose", () => {
  fc.assert(
    fc.property(policy, request, (config, asked) => {
      const { ip, family, key, outcome, reason, trust } = resolve(config, asked);
      expect([ip === null, family === null, key === null]).toEqual(Array(3).fill(outcome === "rejected"));
      expect(reason === undefined).toBe(outcome === "resolved");
      if (outcome === "rejected") expect(trust).toBe("unverified");
    }),
    RUNS,
  );
});

test("what a client puts on the left never changes a verified index", () => {
  const count = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(
      fc.array(listLine, { maxLength: 3 }),
      fc.array(element, { minLength: 4, maxLength: 6 }),
      count,
      (prepended, hops, distance) => {
        const config: Json = {
          headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -distance, trustedPeers: TRUSTED },
          fallback: "REJECT",
        };
        const right = hops.join(", ");
        const before = resolve(config, ofLines(right));
        fc.pre(before.trust === "verified");
        expect(resolve(config, ofLines(...prepended, right))).toEqual(before);
        expect(resolve(config, ofLines([...prepended, right].join(", ")))).toEqual(before);
      },
    ),
    SHORT_RUNS,
  );
});

test("what a client puts on the left never changes a walk that ended at an untrusted hop", () => {
  const client = fc.constantFrom("203.0.113.7", "[2001:db8::7]:4711", "::ffff:203.0.113.7", "192.168.1.5");
  const trusted = fc.array(fc.constantFrom("10.0.0.2", "10.0.0.2:80", "::ffff:a00:2", "[fd00::2]"), { maxLength: 10 });
  const hostile = fc.oneof(
    listLine,
    fc.integer({ min: 64, max: 4000 }).map((times) => "6.6.6.6,".repeat(times)),
    fc.constantFrom('"', '"6.6.6.6', "\0", "A".repeat(70000), ",".repeat(70000)),
  );
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 3 }), client, trusted, (prepended, hop, proxies) => {
      const right = [hop, ...proxies].join(", ");
      const before = resolve(walk, ofLines(right));
      expect(before).toMatchObject({ outcome: "resolved", trust: "verified" });
      expect(resolve(walk, ofLines(...prepended, right))).toEqual(before);
      expect(resolve(walk, ofLines([...prepended, right].join(", ")))).toEqual(before);
    }),
    SHORT_RUNS,
  );
});

test("where a list is cut into lines changes nothing", () => {
  const named = policy.filter((config) => !JSON.stringify(config).includes("singleHeader"));
  fc.assert(
    fc.property(named, fc.array(fc.tuple(element, fc.boolean()), { minLength: 1, maxLength: 10 }), (config, hops) => {
      const joined = hops.map(([text]) => text).join(",");
      const lines: string[] = [];
      for (const [text, isCut] of hops) {
        const last = isCut ? undefined : lines.pop();
        lines.push(last === undefined ? text : `${last},${text}`);
      }
      expect(resolve(config, ofLines(...lines))).toEqual(resolve(config, ofLines(joined)));
    }),
    SHORT_RUNS,
  );
});

test("a header that the policy does not name changes nothing", () => {
  fc.assert(
    fc.property(listLine, listLine, (chain, other) => {
      const plain = ofLines(chain);
      const names = ["Forwarded", "X_Forwarded_For", "X.Forwarded.For", "X-Real-IP", "CF-Connecting-IP", "Connection"];
      const more = { peer: PEER, headers: [...names.map((name) => [name, other] as const), ...plain.headers] };
      expect(resolve(walk, more)).toEqual(resolve(walk, plain));
    }),
    SHORT_RUNS,
  );
});

test("no text makes the library throw, and every address it gives reads as itself", () => {
  const anyText = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), listLine);
  fc.assert(
    fc.property(policy, fc.option(anyText, { nil: undefined }), fc.array(anyText, { maxLength: 4 }), (config, peer, lines) => {
      const headers = lines.flatMap((line) => [["X-Forwarded-For", line] as const, ["Forwarded", line] as const]);
      const { ip, family } = resolve(config, { peer, headers });
      if (ip === null) return;
      const again = resolve({ peerAddressAlgorithm: {} }, { peer: ip, headers: [] });
      expect(again).toMatchObject({ ip, family });
    }),
    RUNS,
  );
});
