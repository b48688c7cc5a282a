import { describe, expect, test } from "vitest";
import { faultsOf, headerIndex, openTestControl, verdictOf } from "./control-under-test.ts";

const THREE = "192.0.2.1, 192.0.2.2, 192.0.2.3";
const FOUR = `${THREE}, 192.0.2.4`;

/** The examples that Apigee's documentation works out, and its rule for what lies outside the list. */
const worked = [
  { chain: THREE, index: 1, ip: "192.0.2.2", outcome: "resolved" },
  { chain: FOUR, index: -1, ip: "192.0.2.4", outcome: "resolved" },
  { chain: FOUR, index: -2, ip: "192.0.2.3", outcome: "resolved" },
  { chain: THREE, index: 7, ip: "192.0.2.1", outcome: "fallback" },
];

describe.each(worked)("index $index of «$chain» is $ip, $outcome", ({ chain, index, ip, outcome }) => {
  const evidence = { peer: "10.0.0.1", headers: [["X-Forwarded-For", chain]] };
  const algorithm = `HeaderIndexAlgorithm{IpHeaderName:X-Forwarded-For, IpHeaderIndex: ${index}}`;
  const said = { ip, family: 4, outcome, trust: "unverified", algorithm, key: ip, revisionId: "1" };

  test("as a policy to try", async () => {
    const { ask } = await openTestControl();
    await ask("POST ", { body: { name: "demo" } });
    const { body } = await ask("POST /demo:explain", { body: { ...evidence, policy: headerIndex(index) } });
    expect(body).toMatchObject({ ...said, policy: "tried" });
    expect((await ask("GET /demo")).body).not.toHaveProperty("clientIpResolutionConfig");
  });

  test("as the environment's own policy", async () => {
    const { ask } = await openTestControl();
    await ask("POST ", { body: { name: "demo", client_ip_resolution_config: headerIndex(index) } });
    const { body } = await ask("POST /demo:explain", { body: evidence });
    expect(body).toMatchObject({ ...said, policy: "environment", explanation: { ip, outcome, peer: { text: "10.0.0.1" } } });
    expect(body.explanation.hops).toHaveLength(chain.split(",").length);
    expect(body.explanation.sentences.length).toBeGreaterThan(0);
    expect(body.reason).toBe(outcome === "fallback" ? "index-out-of-range" : undefined);
  });
});

test.each([
  { says: "the leftmost public hop", headers: [["x-forwarded-for", "10.1.1.1, 203.0.113.7, 198.51.100.9"]], ip: "203.0.113.7" },
  { says: "the last of local hops", headers: [["X-FORWARDED-FOR", "10.1.1.1, 192.168.0.9"]], ip: "192.168.0.9" },
  { says: "the peer without a header", headers: [], ip: "10.0.0.1" },
  {
    says: "repeated lines as one list",
    headers: [
      ["X-Forwarded-For", "10.1.1.1"],
      ["X-Forwarded-For", "203.0.113.7"],
    ],
    ip: "203.0.113.7",
  },
])("without a policy the default rule takes $says", async ({ headers, ip }) => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  const { body } = await ask("POST /demo:explain", { body: { peer: "10.0.0.1", headers } });
  expect(body).toMatchObject({ ip, outcome: "resolved", algorithm: "default" });
});

test("without peer and header there is no address, and nothing is made up", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  const { body } = await ask("POST /demo:explain", { body: { peer: null } });
  expect(body).toMatchObject({ ip: null, family: null, outcome: "rejected", key: null });
});

test("every fault of the evidence and of the policy is told at once", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  const policy = { headerIndexAlgorithm: { ipHeaderIndex: "1" }, colour: 1 };
  const answer = await ask("POST /demo:explain", { body: { peer: 7, headers: [["X", 1], "X: 1"], policy, extra: true } });
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect([...faultsOf(answer)].sort()).toEqual([
    "extra",
    "headers/0/1",
    "headers/1",
    "peer",
    "policy/colour",
    "policy/headerIndexAlgorithm/ipHeaderIndex",
    "policy/headerIndexAlgorithm/ipHeaderName",
  ]);
});

test("an environment that is not there explains nothing", async () => {
  const { ask } = await openTestControl();
  expect(verdictOf(await ask("POST /none:explain", { body: {} }))).toBe("404 NOT_FOUND ENVIRONMENT_NOT_FOUND");
});
