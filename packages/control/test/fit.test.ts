import type { TrafficEvent } from "@wherefrom/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createResolver, parsePolicy } from "wherefrom";
import { headerIndex, type Json, openTestControl, verdictOf } from "./control-under-test.ts";
import { openControlWithEvents } from "./control-with-events.ts";
import { eventOf } from "./event-store-contract.ts";

/** A request through one proxy of three, by one of five user agents, of a client of its own. */
const usual = (index: number): Partial<TrafficEvent> => ({
  outcome: "resolved",
  clientIp: `10.0.0.${1 + (index % 3)}`,
  resolvedIp: `203.0.113.${1 + index}`,
  xForwardedFor: `203.0.113.${1 + index}`,
  userAgent: `agent ${index % 5}`,
});

/** The same through two. */
const viaTwo = (index: number): Partial<TrafficEvent> => ({ ...usual(index), xForwardedFor: `${usual(index).xForwardedFor}, 10.0.1.9` });

/** The same without the header. */
const unseen = (index: number): Partial<TrafficEvent> => ({
  ...usual(index),
  outcome: "fallback",
  reason: "header-absent",
  xForwardedFor: undefined,
});

/** An entrance for the proxies of a network. */
const byPeers = (network: string, ipHeaderIndex: number) => ({
  headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex, trustedPeers: [network] },
});
const ENTRANCES = {
  firstMatchAlgorithm: { algorithms: [byPeers("10.0.0.0/16", -1), byPeers("10.1.0.0/16", -2), { peerAddressAlgorithm: {} }] },
};

/** By which entrance the library resolves a request of this peer. */
function entranceOf(peer: string): string {
  return createResolver(parsePolicy(ENTRANCES)).resolve({ peer, lines: () => ["203.0.113.1, 203.0.113.2"] }).algorithm;
}

type Row = {
  readonly environment: string;
  readonly says: string;
  readonly count?: number;
  readonly of?: typeof usual;
  /** Takes the last hop unless it says otherwise. */
  readonly policy?: Json;
  /** Whom nobody suspects. */
  readonly exclusions?: readonly string[];
  readonly fit: Json;
  /** Nothing is proposed unless it is said. */
  readonly proposal?: Json;
};

/** `causes` that begin with this one. */
const first = (cause: string): Json => expect.toSatisfy((causes: readonly string[]) => causes[0] === cause, `${cause} first`);

const rows: readonly Row[] = [
  {
    environment: "good",
    says: "every client is seen",
    fit: {
      verdict: "FITS",
      requests: 40,
      fallbacks: {},
      hopsHeader: "X-Forwarded-For",
      hops: { 1: 40 },
      findings: [],
      causes: [],
      undecided: false,
    },
  },
  { environment: "quiet", says: "too little happened", count: 19, fit: { verdict: "UNKNOWN", requests: 19, findings: [], causes: [] } },
  {
    environment: "before",
    says: "it happened under another revision",
    of: (index) => ({ ...usual(index), revision: 7 }),
    fit: { verdict: "UNKNOWN", requests: 0 },
  },
  {
    environment: "old",
    says: "it happened 16 minutes ago",
    of: (index) => ({ ...usual(index), time: Date.now() - 960_000 }),
    fit: { verdict: "UNKNOWN", requests: 0 },
  },
  {
    environment: "fallback",
    says: "a header is missing now and then",
    of: (index) => (index < 4 ? { ...usual(index), outcome: "fallback", reason: "header-absent", xForwardedFor: undefined } : usual(index)),
    fit: {
      verdict: "MISFITS",
      fallbacks: { "header-absent": 4 },
      hops: { 0: 4, 1: 36 },
      findings: [{ kind: "fallbacks", share: 0.1, reasons: { "header-absent": 0.1 } }],
      causes: expect.arrayContaining([expect.any(String)]),
    },
  },
  {
    environment: "bypass",
    says: "whoever came past the proxies was taken for its own client",
    of: (index) => (index < 4 ? { ...usual(index), outcome: "fallback", reason: "untrusted-peer" } : usual(index)),
    fit: { verdict: "FITS", fallbacks: { "untrusted-peer": 4 }, findings: [] },
  },
  {
    environment: "rejected",
    says: "requests have no address",
    of: (index) => {
      const reason = index === 0 ? "header-absent" : "hop-not-an-address";
      return index < 3 ? { ...usual(index), outcome: "rejected", reason, resolvedIp: undefined } : usual(index);
    },
    fit: {
      verdict: "MISFITS",
      rejected: 3,
      rejections: { "header-absent": 1, "hop-not-an-address": 2 },
      findings: [{ kind: "no-address", share: 0.075, reasons: { "hop-not-an-address": 0.05, "header-absent": 0.025 } }],
    },
  },
  {
    environment: "snat",
    says: "a router rewrites the source, or a proxy writes no header: events cannot tell",
    of: (index) => ({ ...unseen(index), clientIp: "10.0.0.1", resolvedIp: "10.0.0.1" }),
    fit: {
      verdict: "MISFITS",
      privateResults: 40,
      topAddressRequests: 40,
      hops: { 0: 40 },
      findings: [
        { kind: "fallbacks", share: 1 },
        { kind: "private-results", share: 1 },
        { kind: "one-address", share: 1 },
      ],
      causes: expect.arrayContaining(["proxy-no-header", "snat-on-dnat-policy"]),
      undecided: true,
    },
  },
  {
    environment: "inner-proxy",
    says: "a second proxy adds its hop, and the index takes it for the client",
    of: (index) => ({ ...usual(index), resolvedIp: "10.0.1.9", xForwardedFor: `203.0.113.${index}, 10.0.1.9` }),
    fit: {
      verdict: "MISFITS",
      hops: { 2: 40 },
      findings: [
        { kind: "private-results", share: 1 },
        { kind: "one-address", share: 1 },
        { kind: "long-chains", share: 1 },
      ],
      causes: first("hop-count-low"),
    },
    proposal: headerIndex(-2),
  },
  {
    environment: "cdn",
    says: "the index counts the load balancer's hop, and before it is Cloudflare's",
    of: (index) => ({ ...usual(index), resolvedIp: `172.64.0.${index}`, xForwardedFor: `203.0.113.${index}, 172.64.0.${index}` }),
    fit: {
      verdict: "MISFITS",
      findings: [
        { kind: "provider-results", share: 1 },
        { kind: "long-chains", share: 1 },
      ],
      causes: first("hop-count-low"),
    },
    proposal: headerIndex(-2),
  },
  {
    environment: "cdn-peers",
    says: "peers are CloudFront's, and the list of those who are believed is an old one",
    policy: { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8"] } },
    of: (index) => ({ ...usual(index), clientIp: `130.176.0.${index % 7}`, resolvedIp: `130.176.0.${index % 7}` }),
    fit: { verdict: "MISFITS", findings: [{ kind: "provider-results", share: 1 }], causes: first("cf-not-trusted") },
  },
  {
    environment: "high-index",
    says: "some come through one proxy, and the index counts two",
    policy: headerIndex(-2),
    // nothing is proposed: of those who come through two, the last address is a proxy's
    of: (index) => (index % 5 < 2 ? { ...usual(index), outcome: "fallback", reason: "index-out-of-range" } : viaTwo(index)),
    fit: {
      verdict: "MISFITS",
      hops: { 1: 16, 2: 24 },
      findings: [
        { kind: "fallbacks", share: 0.4 },
        { kind: "short-chains", share: 0.4 },
      ],
      causes: first("hop-count-high"),
    },
  },
  {
    environment: "one-proxy",
    says: "all come through one proxy, and the index counts two",
    policy: headerIndex(-2),
    of: (index) => ({ ...usual(index), outcome: "fallback", reason: "index-out-of-range" }),
    fit: { verdict: "MISFITS", causes: first("hop-count-high") },
    proposal: headerIndex(-1),
  },
  {
    environment: "forged",
    says: "everybody claims to be somebody else, and the index takes who they are",
    of: (index) => ({ ...usual(index), xForwardedFor: `198.51.100.${index}, ${usual(index).xForwardedFor}` }),
    // what the hop before it says is a claim: whoever believed it could be told anything
    fit: { verdict: "MISFITS", findings: [{ kind: "long-chains", share: 1 }] },
  },
  {
    environment: "some-forged",
    says: "half of them do",
    of: (index) => ({ ...usual(index), ...(index % 2 === 0 && { xForwardedFor: `198.51.100.9, ${usual(index).xForwardedFor}` }) }),
    fit: { verdict: "FITS", hops: { 1: 20, 2: 20 }, findings: [] },
  },
  {
    environment: "websocket",
    says: "WebSocket handshakes come without the header",
    of: (index) => (index % 2 === 0 ? { ...unseen(index), api: "chat", status: 101 } : { ...usual(index), api: "chat", status: 200 }),
    fit: {
      verdict: "MISFITS",
      findings: [
        { kind: "fallbacks", share: 0.5 },
        { kind: "websocket-differs", share: 0.5 },
      ],
      causes: first("ws-location-missing-headers"),
    },
  },
  {
    environment: "sockets-elsewhere",
    says: "handshakes of one API lack it, and requests of another have it",
    of: (index) => (index % 2 === 0 ? { ...unseen(index), api: "chat", status: 101 } : { ...usual(index), api: "shop", status: 200 }),
    fit: {
      verdict: "MISFITS",
      findings: [{ kind: "fallbacks", share: 0.5 }],
    },
  },
  {
    environment: "sockets-of-one",
    says: "all handshakes come out as one proxy that is in no list, and other requests do not",
    of: (index) => ({ ...usual(index), api: "chat", ...(index % 2 === 0 ? { resolvedIp: "198.51.100.7", status: 101 } : { status: 200 }) }),
    fit: {
      verdict: "MISFITS",
      findings: [
        { kind: "one-address", share: 0.5 },
        { kind: "websocket-differs", share: 0.5 },
      ],
      causes: first("ws-location-missing-headers"),
    },
  },
  {
    environment: "monitor",
    says: "all handshakes are of one client that tries the sockets",
    of: (index) => ({
      ...usual(index),
      api: "chat",
      ...(index % 2 === 0 ? { resolvedIp: "198.51.100.7", userAgent: "monitor", status: 101 } : { status: 200 }),
    }),
    fit: { verdict: "FITS", findings: [] },
  },
  {
    environment: "unread",
    says: "there is a header, and the policy reads none",
    policy: { peerAddressAlgorithm: {} },
    of: (index) => ({ ...usual(index), clientIp: "10.0.0.1", resolvedIp: "10.0.0.1" }),
    fit: { verdict: "MISFITS", causes: first("trust-not-configured") },
  },
  {
    environment: "many-headers",
    says: "there are several headers, in several lines, and with ports",
    policy: headerIndex(-2),
    of: (index) => ({
      ...usual(index),
      evidence: {
        fields: [
          ["x-forwarded-for", `203.0.113.${index}`],
          ["x-forwarded-for", `198.51.100.${index % 2}:443`],
          ["cf-connecting-ip", `203.0.113.${index}`],
        ],
      },
      xForwardedFor: `203.0.113.${index}, 198.51.100.${index % 2}:443`,
    }),
    fit: { verdict: "FITS" },
  },
  {
    environment: "visitors",
    says: "a few visitors have addresses of a provider",
    of: (index) => (index === 0 ? { ...usual(index), resolvedIp: "104.16.0.1" } : usual(index)),
    fit: { verdict: "FITS", findings: [] },
  },
  {
    environment: "same-machine",
    says: "the proxy is on this machine, which is believed, and another one stands before it",
    policy: { headerIndexAlgorithm: { ...headerIndex(-1).headerIndexAlgorithm, trustedPeers: ["127.0.0.0/8"] } },
    of: (index) => ({ ...viaTwo(index), clientIp: "127.0.0.1", resolvedIp: "10.0.1.9" }),
    fit: { verdict: "MISFITS", causes: first("hop-count-low") },
    proposal: { headerIndexAlgorithm: { ...headerIndex(-2).headerIndexAlgorithm, trustedPeers: ["127.0.0.0/8"] } },
  },
  {
    environment: "half",
    says: "most come out as one proxy, and they are several",
    of: (index) =>
      index < 24 ? { ...usual(index), resolvedIp: "10.0.1.9", xForwardedFor: `${usual(index).xForwardedFor}, 10.0.1.9` } : usual(index),
    fit: {
      verdict: "MISFITS",
      privateResults: 24,
      providerResults: 0,
      findings: [
        { kind: "private-results", share: 0.6 },
        { kind: "one-address", share: 0.6 },
      ],
      causes: expect.arrayContaining([expect.any(String)]),
    },
  },
  {
    environment: "office",
    says: "most are behind one address, which is known",
    exclusions: ["198.51.100.0/24", "provider:private"],
    of: (index) => (index < 24 ? { ...usual(index), resolvedIp: "198.51.100.7" } : usual(index)),
    fit: { verdict: "FITS", topAddressRequests: 24, findings: [] },
  },
  {
    environment: "leftmost",
    says: "an index from the left counts hops that some do not have",
    policy: headerIndex(1),
    of: (index) => (index < 4 ? { ...usual(index), outcome: "fallback", reason: "index-out-of-range" } : viaTwo(index)),
    fit: {
      verdict: "MISFITS",
      findings: [
        { kind: "fallbacks", share: 0.1 },
        { kind: "short-chains", share: 0.1 },
      ],
    },
  },
  {
    environment: "own-header",
    says: "the index counts hops in another header, which the path writes more of",
    policy: { headerIndexAlgorithm: { ipHeaderName: "X-Real-Chain", ipHeaderIndex: -1 } },
    of: (index) => ({
      ...usual(index),
      resolvedIp: "10.0.1.9",
      evidence: {
        fields: [
          ["x-real-chain", `203.0.113.${index}`],
          ["x-real-chain", "10.0.1.9"],
        ],
      },
    }),
    fit: {
      verdict: "MISFITS",
      hopsHeader: "X-Real-Chain",
      hops: { 2: 40 },
      findings: [
        { kind: "private-results", share: 1 },
        { kind: "one-address", share: 1 },
        { kind: "long-chains", share: 1 },
      ],
      causes: first("hop-count-low"),
    },
    proposal: { headerIndexAlgorithm: { ipHeaderName: "X-Real-Chain", ipHeaderIndex: -2 } },
  },
  {
    environment: "forwarded",
    says: "the index counts elements of Forwarded, and a comma in quotes makes none",
    policy: { headerIndexAlgorithm: { ipHeaderName: "Forwarded", ipHeaderIndex: -1 } },
    of: (index) => ({ ...usual(index), evidence: { fields: [["forwarded", `for=203.0.113.${index};by="a,\\"b"`]] } }),
    fit: { verdict: "FITS", hopsHeader: "Forwarded", hops: { 1: 40 } },
  },
  {
    environment: "entrances",
    says: "of two entrances, one counts fewer hops than its path writes, and the other needs more than some have",
    policy: ENTRANCES,
    of: (index) => {
      const clientIp = index < 30 ? `10.0.0.${1 + (index % 3)}` : "10.1.0.1";
      const chain = index < 30 ? { resolvedIp: `172.64.0.${index}`, xForwardedFor: `203.0.113.${index}, 172.64.0.${index}` } : {};
      return { ...(index % 6 === 0 && index >= 30 ? usual(index) : viaTwo(index)), ...chain, clientIp, algorithm: entranceOf(clientIp) };
    },
    count: 60,
    fit: {
      verdict: "MISFITS",
      findings: [
        { kind: "provider-results", share: 0.5 },
        { kind: "long-chains", share: 1, algorithm: entranceOf("10.0.0.1") },
        { kind: "short-chains", share: 5 / 30, algorithm: entranceOf("10.1.0.1") },
      ],
    },
    proposal: {
      firstMatchAlgorithm: { algorithms: [byPeers("10.0.0.0/16", -2), byPeers("10.1.0.0/16", -2), { peerAddressAlgorithm: {} }] },
    },
  },
  {
    environment: "quiet-entrance",
    says: "an entrance that few came by is not judged, and those that count nothing are none",
    policy: ENTRANCES,
    of: (index) => {
      const clientIp = index < 19 ? "10.0.0.1" : "203.0.113.9";
      return { ...viaTwo(index), clientIp, algorithm: entranceOf(clientIp) };
    },
    fit: { verdict: "FITS", findings: [] },
  },
  {
    environment: "tester",
    says: "one client alone tries it",
    of: (index) => ({ ...usual(index), resolvedIp: "203.0.113.9", userAgent: "curl" }),
    fit: { verdict: "FITS", topAddressRequests: 40 },
  },
];

/** With what the headers would have been evidence of. */
function withEvidence(event: Partial<TrafficEvent>): Partial<TrafficEvent> {
  const { clientIp, xForwardedFor } = event;
  if (event.evidence !== undefined) return event;
  return { ...event, evidence: { peer: clientIp, fields: xForwardedFor === undefined ? [] : [["x-forwarded-for", xForwardedFor]] } };
}

let control: Awaited<ReturnType<typeof openControlWithEvents>>;
beforeAll(async () => {
  const time = Date.now();
  const events = rows.map(({ environment, count = 40, of = usual }) => [
    environment,
    Array.from({ length: count }, (_, index) => eventOf({ time, ...withEvidence(of(index)) })),
  ]);
  control = await openControlWithEvents({ events: Object.fromEntries(events), receivedAt: time });
  for (const { environment, policy = headerIndex(-1), exclusions = [] } of rows) {
    const body = { name: environment, clientIpResolutionConfig: policy, ...(exclusions.length > 0 && { abuseDetection: { exclusions } }) };
    await control.ask("POST ", { body });
  }
});
afterAll(() => control.close());

test.each(rows)("when $says, the policy $fit.verdict", async ({ environment, fit, proposal }) => {
  const { body } = await control.ask(`GET /${environment}:fit`);
  expect(body.proposal).toEqual(proposal);
  expect(body).toMatchObject({ name: environment, revisionId: "1", ...fit });
});

const pool = { "peer.scope": "private", "peer.constant": false, "peer.pool": true };
const chain = { "hdr.hopsAgainstIndex": "equal", "hdr.xffHasPort": false, "hdr.xffHasPrivateTail": false };
const one = { "peer.scope": "private", "peer.constant": true, "peer.range": [] };

const known: readonly { readonly environment: string; readonly facts: Json }[] = [
  { environment: "quiet", facts: {} },
  { environment: "good", facts: { ...pool, ...chain, "hdr.forwarding": "xff", "hdr.xffLines": 1, "res.usedFallback": false } },
  // a header that is there now and then is neither there nor not
  { environment: "fallback", facts: { ...pool, ...chain, "res.usedFallback": true } },
  { environment: "snat", facts: { ...one, "hdr.forwarding": "none", "res.usedFallback": true, "res.equals": "peer" } },
  {
    environment: "many-headers",
    facts: {
      ...pool,
      "hdr.hopsAgainstIndex": "equal",
      "hdr.xffHasPort": true,
      "hdr.xffHasPrivateTail": false,
      "hdr.forwarding": "multi",
      "hdr.xffLines": 2,
      "res.usedFallback": false,
    },
  },
];

test.each(known)("a diagnosis of «$environment» knows $facts", async ({ environment, facts }) => {
  const { body } = await control.ask(`POST /${environment}:diagnose`, { body: {} });
  expect(body.knownFacts).toEqual(facts);
});

test("a change that resolves as before goes on with what happened, and one that does not begins anew", async () => {
  // more than are looked at in one go
  const names = Array.from({ length: 12 }, (_, index) => ({ displayName: `Demo ${index}` }));
  const changes = [...names, { clientIpResolutionConfig: headerIndex(-2) }, { clientIpResolutionConfig: headerIndex(-1) }];
  const seen: string[] = [];
  for (const body of changes) {
    await control.ask("PATCH /tester", { body });
    const { body: fit } = await control.ask("GET /tester:fit");
    seen.push(`r${fit.revisionId} ${fit.requests}`);
  }
  expect(seen).toEqual([...names.map((_, index) => `r${index + 2} 40`), "r14 0", "r15 40"]);
});

test("a control that keeps no events cannot say whether a policy fits", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo" } });
  expect(verdictOf(await ask("GET /demo:fit"))).toMatch(/EVENT_STORE_ABSENT$/);
  expect(verdictOf(await ask("GET /nope:fit"))).toBe("404 NOT_FOUND ENVIRONMENT_NOT_FOUND");
});
