import { expect, test } from "vitest";
import { PolicyError, parsePolicy } from "wherefrom";

const trusting = (count: number): object => ({
  trustedProxiesAlgorithm: {
    ipHeaderName: "X-Forwarded-For",
    trustedProxies: Array.from({ length: count }, () => "10.0.0.0/8"),
  },
});

test("a list of as many networks as a policy may trust is taken", () => {
  expect(() => parsePolicy(trusting(100_000))).not.toThrow();
});

const refused = [
  { what: "a list of one network more", policy: trusting(100_001), code: "POLICY_LIST_TOO_LONG" },
  { what: "a list of lists without end", policy: JSON.parse("[".repeat(5_000) + "]".repeat(5_000)), code: "POLICY_WRONG_TYPE" },
  {
    what: "lists without end in the place of a network",
    policy: {
      trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: [JSON.parse("[".repeat(5_000) + "]".repeat(5_000))] },
    },
    code: "POLICY_WRONG_TYPE",
  },
];

test.each(refused)("$what is one fault: $code", ({ policy, code }) => {
  try {
    parsePolicy(policy);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyError);
    expect((error as PolicyError).issues.map((issue) => issue.code)).toEqual([code]);
  }
});
