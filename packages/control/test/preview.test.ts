import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createResolver, evidenceOfFields, parsePolicy } from "wherefrom";
import { comparePolicies } from "../src/preview.ts";
import { type ControlUnderTest, faultsOf, headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const GATED = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8"] } };

const via = (peer: string | null, chain: string): Json => ({ peer, headers: [["X-Forwarded-For", chain]] });

const EVIDENCE = [
  via("10.0.0.1", "6.6.6.6, 203.0.113.7"), // a forged hop
  via("10.0.0.2", "203.0.113.8"),
  via("192.0.2.9", "203.0.113.7"), // past the proxies
  via("10.0.0.1", "203.0.113.9, 10.0.0.7"),
];

async function openLeftmost(): Promise<ControlUnderTest> {
  const under = await openTestControl();
  await under.ask("POST ", { body: { name: "demo", clientIpResolutionConfig: headerIndex(0) } });
  return under;
}

test("a preview tells which requests get another address, which trust is gained, and what is advised", async () => {
  const { ask } = await openLeftmost();
  const answer = await ask("POST /demo:preview", { body: { clientIpResolutionConfig: GATED, evidence: EVIDENCE, maxSamples: 1 } });
  const unverified = { outcome: "resolved", trust: "unverified" };
  const verified = { outcome: "resolved", trust: "verified" };
  expect(answer.body).toMatchObject({
    etag: expect.stringMatching(/^"p1-[0-9a-f]{24}"$/),
    revisionId: "1",
    requests: 4,
    otherAddress: 2,
    otherKey: 2,
    trustGained: 4,
    trustLost: 0,
    verified: { before: 0, after: 4 },
    rejected: { before: 0, after: 0 },
    transitions: [
      {
        from: unverified,
        to: verified,
        otherAddress: true,
        requests: 2,
        samples: [{ position: 1, peer: "10.0.0.1", from: "6.6.6.6", to: "203.0.113.7" }],
      },
      {
        from: unverified,
        to: verified,
        otherAddress: false,
        requests: 2,
        samples: [{ position: 2, from: "203.0.113.8", to: "203.0.113.8" }],
      },
    ],
    changes: [
      { pointer: "/headerIndexAlgorithm", kind: "removed" },
      { pointer: "/trustedProxiesAlgorithm", kind: "added" },
    ],
  });
  const { added, removed, kept } = answer.body.advisories;
  expect(removed.map(({ code }: Json) => code)).toContain("ADVISORY_INDEX_WITHOUT_PEER_GATE");
  expect([...added, ...kept].map(({ code }: Json) => code)).not.toContain("ADVISORY_INDEX_WITHOUT_PEER_GATE");
  expect(answer.headers.get("etag")).toBe(answer.body.etag);
  expect((await ask("GET /demo")).headers.get("etag")).toBe('"r1"');
});

test("a request that would be refused, and one that is not any more, are told", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo", clientIpResolutionConfig: { ...headerIndex(1), fallback: "REJECT" } } });
  const evidence = [via("10.0.0.1", "203.0.113.7"), via("10.0.0.1", "203.0.113.7, 203.0.113.8")];
  const { body } = await ask("POST /demo:preview", {
    body: { client_ip_resolution_config: { ...headerIndex(-2), fallback: "REJECT" }, evidence },
  });
  expect(body).toMatchObject({ rejected: { before: 1, after: 1 }, otherAddress: 1, requests: 2 });
  const swapped = await ask("POST /demo:preview", { body: { clientIpResolutionConfig: { peerAddressAlgorithm: {} }, evidence } });
  expect(swapped.body.transitions[0]).toMatchObject({
    from: { outcome: "rejected", reason: "index-out-of-range" },
    to: { outcome: "resolved", trust: "verified" },
    samples: [{ position: 1, from: null, to: "10.0.0.1" }],
  });
});

test("another length of the IPv6 group changes keys and no address", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  const body = { clientIpResolutionConfig: { ipv6GroupPrefix: 48 }, evidence: [via(null, "2001:db8::1"), via(null, "203.0.113.7")] };
  expect((await ask("POST /demo:preview", { body })).body).toMatchObject({ otherKey: 1, otherAddress: 0, transitions: [{ requests: 1 }] });
});

describe("a change that carries a preview's tag", () => {
  const change = { clientIpResolutionConfig: GATED };

  async function previewed(under: ControlUnderTest): Promise<string> {
    return (await under.ask("POST /demo:preview", { body: { ...change, evidence: [] } })).body.etag;
  }

  test.each(["PUT", "POST", "PATCH"])("goes through by %s when it makes the policy that was previewed", async (method) => {
    const under = await openLeftmost();
    const answer = await under.ask(`${method} /demo`, { body: change, headers: { "if-match": await previewed(under) } });
    expect(answer.headers.get("etag")).toBe('"r2"');
  });

  test("is refused for another policy", async () => {
    const under = await openLeftmost();
    const headers = { "if-match": await previewed(under) };
    for (const clientIpResolutionConfig of [headerIndex(-1), {}]) {
      const answer = await under.ask("PUT /demo", { body: { clientIpResolutionConfig }, headers });
      expect(verdictOf(answer)).toBe("412 ABORTED PREVIEW_STALE");
    }
  });

  test("is refused after somebody else's change", async () => {
    const under = await openLeftmost();
    const headers = { "if-match": await previewed(under) };
    await under.ask("PUT /demo", { body: { description: "in between" } });
    expect(verdictOf(await under.ask("PUT /demo", { body: change, headers }))).toBe("412 ABORTED PREVIEW_STALE");
  });
});

test.each([
  { body: {}, faults: ["clientIpResolutionConfig", "evidence"] },
  {
    body: { clientIpResolutionConfig: headerIndex(0.5), evidence: [{ peer: 1 }, { headers: [["a"]] }, {}, { x: 1 }] },
    faults: ["clientIpResolutionConfig/headerIndexAlgorithm/ipHeaderIndex", "evidence/0/peer", "evidence/1/headers/0", "evidence/3/x"],
  },
  { body: { clientIpResolutionConfig: {}, evidence: [], max_samples: 101 }, faults: ["maxSamples"] },
])("$body is refused with every fault", async ({ body, faults }) => {
  const { ask } = await openLeftmost();
  const answer = await ask("POST /demo:preview", { body });
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect([...faultsOf(answer)].sort()).toEqual(faults);
});

test("faults of much evidence are told up to a hundred", async () => {
  const { ask } = await openLeftmost();
  const answer = await ask("POST /demo:preview", {
    body: { clientIpResolutionConfig: {}, evidence: Array.from({ length: 500 }, () => 1) },
  });
  expect(faultsOf(answer)).toHaveLength(100);
});

test("what is counted of the corpus is what both policies say of each of its requests", async () => {
  const rows: Json[] = JSON.parse(readFileSync(new URL("../../../cases/resolve/attacks.json", import.meta.url), "utf8"));
  const requests = rows
    .filter(({ headers }) => headers.every(([, value]: [string, unknown]) => typeof value === "string"))
    .map(({ peer, headers }) => ({ peer: peer ?? undefined, headers }));
  const [before, after] = [parsePolicy(headerIndex(-1)), parsePolicy({ ...GATED, fallback: "REJECT" })];
  const said = requests.map(({ peer, headers }) => {
    const evidence = evidenceOfFields(peer, headers);
    return [createResolver(before).resolve(evidence), createResolver(after).resolve(evidence)] as const;
  });
  const comparison = await comparePolicies(requests, { before, after, maxSamples: 0 });
  expect(requests.length).toBeGreaterThan(5);
  expect(comparison).toMatchObject({
    requests: requests.length,
    otherAddress: said.filter(([from, to]) => from.ip !== to.ip).length,
    trustGained: said.filter(([from, to]) => from.trust === "unverified" && to.trust === "verified").length,
    trustLost: said.filter(([from, to]) => from.trust === "verified" && to.trust === "unverified").length,
    rejected: { before: said.filter(([from]) => from.ip === null).length, after: said.filter(([, to]) => to.ip === null).length },
  });
  const changed = said.filter(
    ([from, to]) =>
      JSON.stringify([from.ip, from.key, from.outcome, from.trust, from.reason]) !==
      JSON.stringify([to.ip, to.key, to.outcome, to.trust, to.reason]),
  );
  expect(comparison.transitions.reduce((sum, { requests: count }) => sum + count, 0)).toBe(changed.length);
});
