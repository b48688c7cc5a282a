import { isDeepStrictEqual } from "node:util";
import type { Explanation, Resolution, Resolver } from "wherefrom";
import { type OracleEvidence, oracleResolve } from "../packages/wherefrom/test/oracle/resolve.ts";
import type { Library } from "./library.ts";

/** Says what is broken: a sentence for each invariant that does not hold. */
export type Check = (text: string) => readonly string[];

type Json = Readonly<Record<string, unknown>>;

const PRINTABLE = /^[ -~]*$/;

/** Printable ASCII, and the signs that our own sentences use. */
const SENTENCE = /^[ -~«»§]*$/;
const TRUSTED = ["10.0.0.0/8", "fd00::/8", "192.0.2.128/25", "::ffff:198.51.100.0/120"];

/** Policies that between them read a header from both sides, behind a gate and without, and fall back in every way. */
function policiesFor(ipHeaderName: string): readonly Json[] {
  return [
    { trustedProxiesAlgorithm: { ipHeaderName, trustedProxies: TRUSTED }, fallback: "REJECT", ipv6GroupPrefix: 56 },
    { trustedProxiesAlgorithm: { ipHeaderName, trustedProxies: ["provider:private", "unix:"] }, fallback: "DEFAULT" },
    { headerIndexAlgorithm: { ipHeaderName, ipHeaderIndex: -1, trustedPeers: TRUSTED }, fallback: "REJECT", ipv6GroupPrefix: 128 },
    { headerIndexAlgorithm: { ipHeaderName, ipHeaderIndex: -2 } },
    { headerIndexAlgorithm: { ipHeaderName, ipHeaderIndex: 0 }, fallback: "PEER" },
    { headerIndexAlgorithm: { ipHeaderName, ipHeaderIndex: 3 }, fallback: "REJECT" },
    { headerIndexAlgorithm: { ipHeaderName, ipHeaderIndex: -66, trustedPeers: TRUSTED } },
    { singleHeaderAlgorithm: { ipHeaderName, trustedPeers: TRUSTED }, fallback: "REJECT" },
    {
      firstMatchAlgorithm: {
        algorithms: [
          { singleHeaderAlgorithm: { ipHeaderName, trustedPeers: ["192.0.2.0/25"] } },
          { trustedProxiesAlgorithm: { ipHeaderName, trustedProxies: TRUSTED } },
        ],
      },
    },
    {},
  ];
}

/** The input is the value of a header, a line feed between its lines. Every policy has to answer as the oracle does. */
export function checkHeader(library: Library, name: string): Check {
  const asked = policiesFor(name).map((policy) => ({ policy, resolver: library.createResolver(library.parsePolicy(policy)) }));
  return (text) => {
    const evidence: OracleEvidence = { peer: "10.0.0.1", headers: text.split("\n").map((line) => [name, line] as const) };
    return asked.flatMap(({ policy, resolver }) => [
      ...faultsOfResolver({ library, resolver, evidence }).map((fault) => `${fault} (${JSON.stringify(policy)})`),
      ...faultsBesideOracle({ resolver, policy, evidence }),
    ]);
  };
}

/** What holds for every resolver: it repeats itself, `explain` agrees, addresses are canonical, and what is shown is safe to print. */
export function faultsOfResolver(of: { library: Library; resolver: Resolver; evidence: OracleEvidence }): readonly string[] {
  const { library, resolver } = of;
  const evidence = library.evidenceOfFields(of.evidence.peer, of.evidence.headers);
  const resolution = resolver.resolve(evidence);
  const explanation = resolver.explain(evidence);
  const again = resolver.resolve(evidence);
  const faults: string[] = [];
  if (!isDeepStrictEqual(resolutionOf(explanation), resolution)) faults.push(differing(["explain", explanation], ["resolve", resolution]));
  if (!isDeepStrictEqual(again, resolution)) faults.push(differing(["a second resolve", again], ["the first", resolution]));
  for (const ip of new Set([resolution.ip, explanation.peer.ip, ...explanation.hops.map((hop) => hop.ip)])) {
    if (ip !== null && library.parseAddress(ip)?.text !== ip) faults.push(`${ip} is not canonical`);
  }
  const shown = explanation.hops.flatMap(({ text, zone = "", why = "" }) => [text, zone, why]);
  for (const text of shown) if (!PRINTABLE.test(text)) faults.push(`${JSON.stringify(text)} is not safe to print`);
  for (const text of explanation.sentences) if (!SENTENCE.test(text)) faults.push(`${JSON.stringify(text)} is not safe to print`);
  if ((resolution.ip === null) !== (resolution.outcome === "rejected")) faults.push("An address and a rejection, or neither");
  return faults;
}

/** Whether the library and the oracle say the same. */
export function faultsBesideOracle(of: { resolver: Resolver; policy: Json; evidence: OracleEvidence }): readonly string[] {
  const { peer, headers } = of.evidence;
  const lines = (name: string) => headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
  const resolution = of.resolver.resolve({ peer, lines });
  const expected = oracleResolve(of.policy, of.evidence);
  if (isDeepStrictEqual(resolution, expected)) return [];
  return [differing(["resolve", resolution], [`the oracle (${JSON.stringify(of.policy)})`, expected])];
}

function resolutionOf(explanation: Explanation): Resolution {
  const { peer: _peer, hops: _hops, unlistedHops: _unlistedHops, sentences: _sentences, ...resolution } = explanation;
  return resolution;
}

type Answer = readonly [who: string, says: unknown];

function differing([who, says]: Answer, [other, otherSays]: Answer): string {
  return `${who} says ${JSON.stringify(says)} where ${other} says ${JSON.stringify(otherSays)}`;
}
