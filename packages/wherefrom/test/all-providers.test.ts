import { expect, test } from "vitest";
import { advise, createResolver, evidenceOfFields, PolicyError, PROVIDERS, parsePolicy } from "wherefrom";
import { ALL_PROVIDERS } from "wherefrom/providers";

const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8", "provider:cloudfront"] } };

const edges = [
  { hop: "130.176.88.10", says: "reaches origins", ip: "203.0.113.7" },
  { hop: "3.172.127.255", says: "is the last of a range that reaches origins", ip: "203.0.113.7" },
  { hop: "2600:1f18:7530:7200::5", says: "reaches origins over IPv6", ip: "203.0.113.7" },
  { hop: "13.32.0.1", says: "is one that viewers see, and reaches no origin", ip: "13.32.0.1" },
  { hop: "3.5.140.2", says: "is another service's of AWS", ip: "3.5.140.2" },
];

test.each(edges)("behind CloudFront a hop that $says gives $ip", ({ hop, ip }) => {
  const resolver = createResolver(parsePolicy(policy, { providers: ALL_PROVIDERS }));
  const evidence = evidenceOfFields("10.0.0.1", [["X-Forwarded-For", `203.0.113.7, ${hop}`]]);
  expect(resolver.resolve(evidence)).toMatchObject({ ip, trust: "verified" });
});

test("the core knows every other provider, and says so of this one", () => {
  expect([...ALL_PROVIDERS.keys()]).toEqual([...PROVIDERS.keys(), "cloudfront"]);
  for (const [name, provider] of PROVIDERS) expect(ALL_PROVIDERS.get(name)).toBe(provider);
  expect(() => parsePolicy(policy)).toThrow(PolicyError);
});

const days = [
  { now: "2026-11-25", codes: [] },
  { now: "2027-06-01", codes: ["ADVISORY_RANGES_STALE"] },
];

test.each(days)("on $now the list of CloudFront gets $codes", ({ now, codes }) => {
  expect(advise(policy, { now, providers: ALL_PROVIDERS }).map(({ code }) => code)).toEqual(codes);
});
