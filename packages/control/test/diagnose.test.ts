import { expect, test } from "vitest";
import { parsePolicy } from "wherefrom";
import { factsOfEnvironment } from "../src/environment-facts.ts";
import { faultsOf, headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const walk = (...trustedProxies: readonly string[]): Json => ({
  trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies },
});
const everybody = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["0.0.0.0/0"], allowTrustEveryone: true } };
const gated = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1, trustedPeers: ["10.0.0.0/8"] } };
const single = { singleHeaderAlgorithm: { ipHeaderName: "X-Real-IP", trustedPeers: ["unix:"] } };

const policies = [
  { says: "nothing", policy: {}, trust: "wildcard" }, // the default takes the leftmost claim
  { says: "the peer", policy: { peerAddressAlgorithm: {} }, trust: "none" },
  { says: "proxies in a network", policy: walk("10.0.0.0/8", "127.0.0.1/32"), trust: "list" },
  { says: "proxies on this machine", policy: walk("127.0.0.0/8", "::1/128", "unix:"), trust: "loopback" },
  { says: "everybody", policy: everybody, trust: "wildcard" },
  { says: "a unix socket's header", policy: single, trust: "loopback" },
  { says: "an index of some peers", policy: gated, trust: "list" },
  { says: "an index from the left", policy: headerIndex(0), trust: "wildcard" },
  { says: "an index from the right", policy: headerIndex(-1), trust: undefined }, // who can get past the proxies decides
  { says: "two entrances alike", policy: { firstMatchAlgorithm: { algorithms: [gated, walk("192.0.2.0/24")] } }, trust: "list" },
  {
    says: "two entrances unlike",
    policy: { firstMatchAlgorithm: { algorithms: [gated, { peerAddressAlgorithm: {} }] } },
    trust: undefined,
  },
];

test.each(policies)("a policy that believes $says is trust $trust", ({ policy, trust }) => {
  expect(factsOfEnvironment({ policy: parsePolicy(policy), revision: 1, fleet: [] })).toEqual(
    trust === undefined ? {} : { "app.trust": trust },
  );
});

const ran = (requests: number, fallbacks: number, more: object = {}): Json => ({
  revision: 2,
  requests,
  fallbacks: { "header-absent": fallbacks },
  ...more,
});

const fleets = [
  { says: "nobody reports", reports: [], facts: {} },
  { says: "too few requests were resolved", reports: [ran(19, 19)], facts: {} },
  { says: "none fell back", reports: [ran(20, 0)], facts: { "res.usedFallback": false } },
  { says: "one of a thousand fell back", reports: [ran(1_000, 1)], facts: { "res.usedFallback": false } },
  { says: "one of a hundred fell back", reports: [ran(60, 0), ran(40, 1)], facts: { "res.usedFallback": true } },
  {
    says: "all fell back at one gateway",
    reports: [ran(50, 0), ran(50, 50)],
    facts: { "res.usedFallback": true, "cmp.nodeDependent": true },
  },
  {
    says: "whoever came past the proxies was taken for its own client",
    reports: [{ revision: 2, requests: 50, fallbacks: { "untrusted-peer": 50 } }],
    facts: { "res.usedFallback": false },
  },
  { says: "they fell back under the revision before", reports: [ran(50, 50, { revision: 1, before: ran(9, 9) })], facts: {} },
  { says: "they fell back at a gateway that nobody hears of", reports: [ran(50, 50)], isStale: true, facts: {} },
];

test.each(fleets)("when $says, control knows $facts", ({ reports, isStale = false, facts }) => {
  const fleet = reports.map((report, index) => ({ name: `gw-${index}`, isConnected: true, isStale, report }));
  expect(factsOfEnvironment({ policy: parsePolicy(headerIndex(-1)), revision: 2, fleet })).toEqual(facts);
});

test("given facts and what control knows are ranked together, and the former go first", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo", clientIpResolutionConfig: walk("10.0.0.0/8") } });
  await ask("PUT /demo/gateways/gw-a", { body: { revision: 1, requests: 100, fallbacks: { "hop-not-an-address": 90 } } });
  const given = { "res.equals": "null", "hdr.xffHasPort": true, "hdr.hopsAgainstIndex": "equal" };
  const { body } = await ask("POST /demo:diagnose", { body: { facts: given } });
  expect(body).toMatchObject({
    revisionId: "1",
    knownFacts: { "app.trust": "list", "res.usedFallback": true },
    facts: { ...given, "app.trust": "list", "res.usedFallback": true },
    advice: { causes: [{ id: "port-in-xff" }], warnings: [] },
    undecided: false,
    nextTest: null,
  });
  expect(body.causes).toHaveLength(54);
  expect(body.causes[0]).toMatchObject({
    id: "port-in-xff",
    for: expect.arrayContaining([{ signal: "res.usedFallback", value: true, weight: 2 }]),
  });
  const other = await ask("POST /demo:diagnose", { body: { facts: { "app.trust": "none", "res.usedFallback": null } } });
  expect(other.body.facts).toEqual({ "app.trust": "none" });
});

test("nothing given: it is undecided, and says what to examine next", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo", clientIpResolutionConfig: headerIndex(-1) } });
  const { body } = await ask("POST /demo:diagnose", { body: {} });
  expect(body).toMatchObject({ undecided: true, nextTest: "T6", facts: {}, knownFacts: {}, advice: { causes: [], warnings: [] } });
});

const snat = {
  "peer.isDefaultGateway": true,
  "peer.constant": true,
  "hdr.forwarding": "none",
  "cmp.otherServiceReal": true,
  "tcp.rttRatio": 1,
};

test("source NAT is not switched off by the API's advice before the way back is proven", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo", clientIpResolutionConfig: { peerAddressAlgorithm: {} } } });
  const fixesOf = async (more: object): Promise<Json> =>
    (await ask("POST /demo:diagnose", { body: { facts: { ...snat, ...more } } })).body.advice;
  const [unknown, missing] = [await fixesOf({}), await fixesOf({ "route.defaultViaEdge": false })];
  expect(unknown.warnings).toEqual(["lost-below-http", "no-header-can-be-trusted", "prove-return-route"]);
  expect(unknown.causes[0].fixes.map(({ state }: Json) => state)).not.toContain("ready");
  expect(missing.causes[0]).toMatchObject({ id: "snat-on-dnat-policy", instead: { id: expect.any(String) } });
});

test.each([
  { language: "en", title: "The edge firewall rewrites the source of the traffic that it forwards" },
  { language: "zh", title: "边缘防火墙在端口转发的同时改写了源地址" },
  { language: "ja", title: "境界のファイアウォールが転送する通信の送信元を書き換えている" },
])("asked for $language, it has words for what it says and for nothing else", async ({ language, title }) => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo", clientIpResolutionConfig: { peerAddressAlgorithm: {} } } });
  const { body } = await ask("POST /demo:diagnose", { body: { facts: { ...snat, "route.defaultViaEdge": false }, language } });
  expect(body.words.causes["snat-on-dnat-policy"].title).toBe(title);
  expect(Object.keys(body.words.causes).length).toBeLessThanOrEqual(6);
  expect(body.words.causes).toHaveProperty(body.advice.causes[0].instead.id);
  expect(Object.keys(body.words.warnings).sort()).toEqual(body.advice.warnings.toSorted());
  expect(Object.keys(body.words.tests)).toEqual(expect.arrayContaining(["T17", ...body.advice.causes[0].verify]));
  for (const { signal } of body.causes[0].for) expect(body.words.signals).toHaveProperty([signal]);
});

const faulty = [
  { body: { language: "de" }, faults: ["language"] },
  { body: { facts: { nope: 1, "peer.constant": "yes" }, extra: 1 }, faults: ["extra", "facts/nope", "facts/peer.constant"] },
  { body: { facts: [] }, faults: ["facts"] },
  { body: { facts: null }, faults: ["facts"] },
  { body: { facts: { "\u001b[2J": 1 } }, faults: ["facts/\\x1b[2J"] },
  { body: { facts: JSON.parse('{"__proto__": {"peer.constant": true}}') }, faults: ["facts/__proto__"] },
];

test.each(faulty)("$body is refused for $faults", async ({ body, faults }) => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  const answer = await ask("POST /demo:diagnose", { body });
  expect(verdictOf(answer)).toBe("400 INVALID_ARGUMENT FIELDS_INVALID");
  expect(faultsOf(answer)).toEqual(faults);
});

test("an environment that is not there gets no diagnosis", async () => {
  const { ask } = await openTestControl();
  expect(verdictOf(await ask("POST /demo:diagnose", { body: {} }))).toBe("404 NOT_FOUND ENVIRONMENT_NOT_FOUND");
});
