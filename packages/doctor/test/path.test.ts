import { parseFacts, readCatalogue } from "@wherefrom/diagnosis";
import { describe, expect, test } from "vitest";
import { learnPath } from "../src/path/learned-path.ts";
import { factsOfPath } from "../src/path/path-facts.ts";
import { proposePolicy } from "../src/path/propose-policy.ts";
import type { ProbeRun } from "../src/probe/answer.ts";
import { addLine, append, chain, type Fields, overwrite, type PathUnderTest, passOn, runOver, strip, XFF } from "./run-over.ts";

const PROXY = "10.0.0.5";
const CLIENT = "203.0.113.7";
const index = (ipHeaderIndex: number) => ({ headerIndexAlgorithm: { ipHeaderName: XFF, ipHeaderIndex, trustedPeers: [PROXY] } });

const rows: { says: string; path: PathUnderTest; fate: string; policy: object | undefined; why?: string; facts: object }[] = [
  {
    says: "nothing in between",
    path: { pass: passOn, peer: CLIENT, client: CLIENT, keepsPort: true },
    fate: "only-canary",
    policy: { peerAddressAlgorithm: {} },
    facts: { "hdr.forwarding": "none", "tcp.portPreserved": true, "probe.canary": "onlyCanary" },
  },
  {
    says: "one proxy that appends",
    path: { pass: append(CLIENT), peer: PROXY },
    fate: "kept-left",
    policy: index(-1),
    facts: { "probe.canary": "keptLeft", "probe.appended": 1, "hdr.forwarding": "xff", "hdr.xffLines": 1 },
  },
  {
    says: "two proxies that append",
    path: { pass: (fields) => append("10.0.0.4")(append(CLIENT)(fields)), peer: PROXY },
    fate: "kept-left",
    policy: index(-2),
    facts: { "probe.appended": 2, "hdr.xffHasPrivateTail": true },
  },
  {
    says: "a proxy that adds a line",
    path: { pass: addLine(CLIENT), peer: PROXY },
    fate: "kept-left",
    policy: index(-1),
    facts: { "hdr.xffLines": 2 },
  },
  {
    says: "a proxy that overwrites",
    path: { pass: overwrite(CLIENT), peer: PROXY },
    fate: "overwritten",
    policy: index(-1),
    facts: { "probe.canary": "overwritten", "probe.appended": 0 },
  },
  {
    says: "a proxy that writes nothing",
    path: { pass: passOn, peer: PROXY },
    fate: "only-canary",
    policy: undefined,
    why: "nothing-to-read",
    facts: { "probe.canary": "onlyCanary" },
  },
  {
    says: "a proxy that takes it away",
    path: { pass: strip, peer: PROXY },
    fate: "stripped",
    policy: undefined,
    why: "nothing-to-read",
    facts: { "probe.canary": "stripped" },
  },
  {
    says: "an inner proxy that overwrites with the outer one",
    path: { pass: overwrite("10.0.0.4"), peer: PROXY, client: CLIENT },
    fate: "overwritten",
    policy: undefined,
    why: "client-hidden",
    facts: { "hdr.xffHasPrivateTail": true },
  },
  {
    says: "a proxy behind a router that rewrites",
    path: { pass: append("10.0.0.1"), peer: PROXY, client: CLIENT },
    fate: "kept-left",
    policy: undefined,
    why: "client-hidden",
    facts: {},
  },
  {
    says: "a path that changes its mind",
    path: { pass: (fields, { round }) => (round === 1 ? append(CLIENT) : passOn)(fields), peer: PROXY },
    fate: "none",
    policy: undefined,
    why: "not-stable",
    facts: {},
  },
  {
    says: "a WebSocket route without the header",
    path: { pass: (fields, { transport }) => (transport === "http" ? append(CLIENT) : passOn)(fields), peer: PROXY },
    fate: "kept-left",
    policy: undefined,
    why: "not-stable",
    facts: { "cmp.wsOnly": true },
  },
  {
    says: "a proxy that answers by itself",
    path: { pass: () => 403, peer: PROXY },
    fate: "none",
    policy: undefined,
    why: "nothing-observed",
    facts: {},
  },
  {
    says: "elements with ports",
    path: { pass: append(`${CLIENT}:51234`), peer: PROXY },
    fate: "kept-left",
    policy: index(-1),
    facts: { "hdr.xffHasPort": true },
  },
  {
    says: "a pool",
    path: { pass: append(CLIENT), peer: "::ffff:10.0.0.5" },
    fate: "kept-left",
    policy: index(-1),
    facts: { "peer.v4mapped": true, "peer.scope": "private" },
  },
];

const HERE = "127.0.0.1";
const onOneMachine: { says: string; path: PathUnderTest; policy: object | string; isProven?: boolean }[] = [
  {
    says: "nothing in between",
    path: { pass: passOn, peer: HERE, client: HERE, keepsPort: true },
    policy: { peerAddressAlgorithm: {} },
    isProven: true,
  },
  {
    says: "a proxy",
    path: { pass: append(HERE), peer: HERE, client: HERE },
    policy: { headerIndexAlgorithm: { ipHeaderName: XFF, ipHeaderIndex: -1, trustedPeers: [HERE] } },
    isProven: false,
  },
  {
    says: "two proxies",
    path: { pass: (fields) => append(HERE)(append(HERE)(fields)), peer: HERE, client: HERE },
    policy: { headerIndexAlgorithm: { ipHeaderName: XFF, ipHeaderIndex: -2, trustedPeers: [HERE] } },
    isProven: false,
  },
  { says: "a silent proxy", path: { pass: passOn, peer: HERE, client: HERE }, policy: "nothing-to-read" },
  {
    says: "a proxy that connects from the client's own address",
    path: { pass: append(CLIENT), peer: CLIENT, client: CLIENT },
    policy: { peerAddressAlgorithm: {} },
    isProven: true,
  },
];

test.each(onOneMachine)(
  "client and service on one machine, with $says: a proxy is not taken for the client",
  ({ path, policy, isProven }) => {
    const run = runOver({ ...path, resolve: () => HERE });
    const learned = learnPath(run);
    const proposal = proposePolicy(learned, run);
    expect(proposal.kind === "none" ? proposal.why : proposal.proposals[0]).toEqual(
      typeof policy === "string" ? policy : expect.objectContaining({ policy, isProven }),
    );
    // what a policy gives is the client only where it can be told from a proxy
    expect(factsOfPath(learned, run)["res.equals"]).toBe(isProven === true && path.peer === HERE ? "client" : undefined);
  },
);

test.each(rows)("$says", ({ path, fate, policy, why, facts }) => {
  const run = runOver(path);
  const learned = learnPath(run);
  const proposal = proposePolicy(learned, run);
  expect(learned.legs[0]?.chain?.fate ?? "none").toBe(fate);
  expect(proposal.kind === "none" ? proposal.why : proposal.proposals[0]?.policy).toEqual(policy ?? why);
  if (proposal.kind === "proposed") expect(proposal.proposals.map(({ forged }) => forged)).toEqual(proposal.proposals.map(() => 0));
  const told = factsOfPath(learned, run);
  expect(told).toMatchObject(facts);
  // whatever it says, a diagnosis takes it
  expect(parseFacts(told, readCatalogue()).kind).toBe("facts");
});

describe("round trips", () => {
  const trips: { application: number; tcp: number; ratio: number | undefined }[] = [
    { application: 80, tcp: 80, ratio: 1 },
    { application: 80, tcp: 0.04, ratio: 2_000 },
    { application: 4, tcp: 0.04, ratio: undefined }, // on a LAN both are nothing
    { application: 80, tcp: 0, ratio: undefined }, // the kernel has not measured yet
  ];

  test.each(trips)("$application ms over $tcp ms is $ratio", ({ application, tcp, ratio }) => {
    const run = runOver({ pass: passOn, peer: PROXY, roundTrip: { applicationMs: application, tcpMs: tcp } });
    expect(factsOfPath(learnPath(run), run)["tcp.rttRatio"]).toBe(ratio);
  });
});

describe("what the service makes of it", () => {
  const resolutions: { says: string; resolve: (fields: Fields) => string | null; is: string }[] = [
    { says: "the first element", resolve: (fields) => chain(fields).join(",").split(",")[0]?.trim() ?? null, is: "canary" },
    { says: "the last element", resolve: () => CLIENT, is: "client" },
    { says: "the peer", resolve: () => PROXY, is: "peer" },
    { says: "the proxy in the middle", resolve: () => "10.0.0.4", is: "proxy" },
    { says: "nothing", resolve: () => null, is: "null" },
    { says: "its own address", resolve: () => "10.77.0.180", is: "private" },
  ];

  test.each(resolutions)("$says is $is", ({ resolve, is }) => {
    const run: ProbeRun = {
      ...runOver({ pass: (fields) => append("10.0.0.4")(append(CLIENT)(fields)), peer: PROXY, resolve }),
      told: { clients: [CLIENT] },
    };
    expect(factsOfPath(learnPath(run), run)["res.equals"]).toBe(is);
  });
});

test("a cached answer is found out by its count", () => {
  const run = runOver({ pass: append(CLIENT), peer: PROXY });
  const [first] = run.answers;
  if (first?.result.kind !== "observed") throw new Error("The first answer is an observation");
  const cached: ProbeRun = {
    ...run,
    answers: run.answers.map((answer) => (answer.question === "again" ? { ...answer, result: first.result } : answer)),
  };
  expect(factsOfPath(learnPath(run), run)["probe.nonceSeen"]).toBe(true);
  expect(factsOfPath(learnPath(cached), cached)["probe.nonceSeen"]).toBe(false);
});

test("a peer that is the default gateway makes a policy that trusts it doubtful", () => {
  const run = runOver({ pass: append(CLIENT), peer: PROXY, host: { isPeerDefaultGateway: true } });
  expect(proposePolicy(learnPath(run), run)).toMatchObject({ kind: "proposed", proposals: [{ trustsGateway: true }] });
});

test("the address that was meant is held against the one that was dialed", () => {
  const run = runOver({ pass: passOn, peer: PROXY });
  const factsWith = (expected: string) => factsOfPath(learnPath(run), { ...run, told: { expected } });
  expect(factsWith("198.51.100.36")).toMatchObject({
    "probe.dialedAddress": "expected",
    "dns.matchesExpected": true,
  });
  expect(factsWith("198.51.100.99")).toMatchObject({
    "probe.dialedAddress": "unexpected",
    "dns.matchesExpected": false,
  });
});
