import { expect, test } from "vitest";
import { faultsOf, headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const never = "9999-12-31";
const gate = { code: "ADVISORY_INDEX_WITHOUT_PEER_GATE", reason: "behind one proxy only", until: never };
const walk = { trusted_proxies_algorithm: { ip_header_name: "X-Forwarded-For", trusted_proxies: ["10.0.0.0/8", "104.16.0.0/12"] } };

const rows = [
  { says: "nothing configured", body: {}, policy: "environment", told: ["ADVISORY_NOTHING_CONFIGURED "] },
  {
    says: "the environment's own policy",
    stored: headerIndex(0),
    body: {},
    policy: "environment",
    told: ["ADVISORY_INDEX_WITHOUT_PEER_GATE /headerIndexAlgorithm/ipHeaderIndex", "ADVISORY_FALLBACK_FORCEABLE /headerIndexAlgorithm"],
  },
  {
    says: "a policy to try, in the spelling that was given",
    stored: headerIndex(0),
    body: { policy: walk },
    policy: "tried",
    told: ["ADVISORY_TRUSTS_USER_EGRESS /trusted_proxies_algorithm/trusted_proxies/1"],
  },
  {
    says: "what is accepted",
    stored: headerIndex(0),
    body: { suppressions: [gate] },
    policy: "environment",
    told: ["ADVISORY_FALLBACK_FORCEABLE /headerIndexAlgorithm"],
  },
  {
    says: "what was accepted until a day that is past",
    stored: { peerAddressAlgorithm: {} },
    body: { suppressions: [{ ...gate, until: "2020-01-01" }] },
    policy: "environment",
    told: ["ADVISORY_SUPPRESSION_EXPIRED "],
  },
  {
    says: "a suppression of a code that there is not",
    stored: { peerAddressAlgorithm: {} },
    body: { suppressions: [{ ...gate, code: "X" }] },
    policy: "environment",
    told: ["ADVISORY_SUPPRESSION_INVALID "],
  },
];

test.each(rows)(":lint with $says gives $told", async ({ stored, body, policy, told }) => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo", ...(stored !== undefined && { clientIpResolutionConfig: stored }) } });
  const answer = await ask("POST /demo:lint", { body });
  expect(answer).toMatchObject({ status: 200, body: { revisionId: "1", policy } });
  expect(answer.body.advisories.map(({ code, pointer }: Json) => `${code} ${pointer}`)).toEqual(told);
});

test("an advisory says how bad it is, what, why and the way out, and nothing is stored", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  const { body } = await ask("POST /demo:lint", { body: { policy: headerIndex(0) } });
  const text = expect.stringMatching(/\S/);
  expect(body.advisories[0]).toEqual({ ...{ code: gate.code, severity: "error" }, pointer: text, summary: text, why: text, fix: text });
  expect((await ask("GET /demo")).body).not.toHaveProperty("clientIpResolutionConfig");
});

test("every fault of the body and of the policy is told at once", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  const policy = { headerIndexAlgorithm: { ipHeaderName: "X", ipHeaderIndex: "1" }, colour: 1 };
  const answer = await ask("POST /demo:lint", { body: { policy, suppressions: [{ ...gate, until: 7 }, null], extra: true } });
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect([...faultsOf(answer)].sort()).toEqual([
    "extra",
    "policy/colour",
    "policy/headerIndexAlgorithm/ipHeaderIndex",
    "suppressions/0/until",
    "suppressions/1",
  ]);
});

test("an environment that is not there gets no advice", async () => {
  const { ask } = await openTestControl();
  expect(verdictOf(await ask("POST /none:lint", { body: {} }))).toBe("404 NOT_FOUND ENVIRONMENT_NOT_FOUND");
});
