import { expect, test } from "vitest";
import {
  createLiveResolver,
  evidenceOfFields,
  PolicyError,
  PROVIDERS,
  type Provider,
  type Providers,
  parsePolicy,
  parsePrefix,
} from "../src/index.ts";

function provider(...texts: readonly string[]): Provider {
  const prefixes = texts.map((text) => {
    const reading = parsePrefix(text);
    if (reading.kind !== "prefix") throw new Error(text);
    return reading.prefix;
  });
  return { source: "https://example.com/ranges", retrievedAt: "2026-11-01", isFixed: false, prefixes };
}

const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["provider:edge"] } };
const evidence = evidenceOfFields("52.5.0.1", [["X-Forwarded-For", "203.0.113.7"]]);

test("a policy may name a provider that is given", () => {
  expect(() => parsePolicy(policy)).toThrow(PolicyError);
  expect(() => parsePolicy(policy, { providers: new Map([["edge", provider("52.5.0.0/16")]]) })).not.toThrow();
  expect(() =>
    parsePolicy(
      { trustedProxiesAlgorithm: { ...policy.trustedProxiesAlgorithm, trustedProxies: ["provider:cloudflare"] } },
      { providers: new Map() },
    ),
  ).toThrow(PolicyError);
});

test("a source is asked when a resolver is built and refreshed, and at no request", () => {
  let asked = 0;
  let providers: Providers = new Map([...PROVIDERS, ["edge", provider("52.1.0.0/16")]]);
  const current = () => {
    asked++;
    return providers;
  };
  const given = structuredClone(policy);
  const resolver = createLiveResolver(given, { ranges: { current } });
  given.trustedProxiesAlgorithm.trustedProxies = [];
  expect(resolver.resolve(evidence).ip).toBe("52.5.0.1");
  expect(asked).toBe(1);

  providers = new Map([["edge", provider("52.5.0.0/16")]]);
  expect(resolver.explain(evidence).ip).toBe("52.5.0.1");
  expect(resolver.refresh()).toEqual({ kind: "applied" });
  expect(resolver.resolve(evidence).ip).toBe("203.0.113.7");

  providers = new Map();
  expect(resolver.refresh()).toMatchObject({ kind: "kept", issues: [{ code: "POLICY_PROVIDER_UNKNOWN" }] });
  expect(resolver.resolve(evidence).ip).toBe("203.0.113.7");
  expect(asked).toBe(3);
});
