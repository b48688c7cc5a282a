import { type FactValue, kindOfAddress, namedRanges, SCOPES } from "@wherefrom/diagnosis";
import { linesOf, type Observation } from "../echo/observation.ts";
import { observedIn, type ProbeRun } from "../probe/answer.ts";
import { isCanary } from "../probe/canaries.ts";
import { canonical } from "./canonical.ts";
import type { ChainFate } from "./header-fate.ts";
import { clientPlaceIn, isAddressShared, type LearnedPath } from "./learned-path.ts";
import type { Leg } from "./leg.ts";

/** Below this the two round trips are both nothing, and their ratio says nothing. In milliseconds. */
const MIN_ROUND_TRIP_MS = 5;
/** Fields in a request that come close to what older Node keeps. */
const MANY_FIELDS = 950;

/** What a probe says for a diagnosis. A fact that it cannot be sure of is left out. */
export function factsOfPath(path: LearnedPath, run: ProbeRun): Readonly<Record<string, FactValue>> {
  const [leg] = path.legs;
  const dial = { ...dialFacts(path, run), ...preambleFacts(run) };
  if (leg === undefined) return dial;
  return {
    ...dial,
    ...peerFacts(leg),
    ...hostFacts(leg),
    ...headerFacts(leg),
    ...canaryFacts(leg.chain),
    ...roundTripFacts(path.legs),
    ...comparisonFacts(path),
    ...resolutionFacts(path, run),
  };
}

type Known = Readonly<Record<string, FactValue>>;

function dialFacts({ legs, dialed }: LearnedPath, run: ProbeRun): Known {
  const expected = run.told?.expected;
  const isAnswered = run.answers.some(({ result }) => result.kind === "observed" || result.kind === "other-nonce");
  const seen = legs.length > 0 && !legs.some(({ isCached }) => isCached);
  const hosts = dialed.map((end) => canonical(end.replace(/:[0-9]+$/, "").replace(/^\[|\]$/g, "")));
  return {
    ...(isAnswered && { "probe.nonceSeen": seen }),
    ...(expected !== undefined && {
      "dns.matchesExpected": run.addresses.map(canonical).includes(canonical(expected)),
      ...(hosts.length > 0 && { "probe.dialedAddress": hosts.every((host) => host === canonical(expected)) ? "expected" : "unexpected" }),
    }),
  };
}

/** What the echo met in place of requests. That it met nothing else is no fact: a proxy may send one on another way. */
function preambleFacts({ answers }: ProbeRun): Known {
  const met = answers.flatMap(({ result }) => (result.kind === "answered" && result.met !== undefined ? [result.met] : []));
  if (met.includes("proxy-protocol-v2")) return { "log.proxyPreamble": "v2" };
  return met.includes("proxy-protocol-v1") ? { "log.proxyPreamble": "v1" } : {};
}

function peerFacts({ plain, peers, isPortKept, hopsLost }: Leg): Known {
  const address = canonical(plain.peer.address);
  const scope = plain.peer.address === "" ? "unix" : SCOPES[kindOfAddress(address)];
  const { isPeerDefaultGateway, isPeerInOwnSubnet } = plain.host;
  return {
    ...(scope !== undefined && { "peer.scope": scope }),
    "peer.v4mapped": plain.peer.address.toLowerCase().startsWith("::ffff:") && address.includes("."),
    ...(isPeerDefaultGateway !== undefined && { "peer.isDefaultGateway": isPeerDefaultGateway }),
    ...(isPeerInOwnSubnet !== undefined && { "peer.isOwnSubnet": isPeerInOwnSubnet && isPeerDefaultGateway !== true }),
    "peer.range": namedRanges(address),
    // one client that is seen with several addresses comes through a pool of them
    ...(new Set(peers.map(canonical)).size > 1 && { "peer.pool": true }),
    ...(isPortKept !== undefined && { "tcp.portPreserved": isPortKept }),
    ...(hopsLost !== undefined && { "tcp.ttlHops": hopsLost }),
  };
}

function hostFacts({ plain: { host } }: Leg): Known {
  return {
    ...(host.container !== "unknown" && { "rt.container": host.container }),
    "rt.sidecar": host.hasSidecar,
    "peer.loopbackListener": host.listensOnLoopback,
  };
}

const VENDOR_FIELDS: readonly (readonly [vendor: string, field: RegExp])[] = [
  ["cloudflare", /^cf-(?:ray|connecting-ip)$/],
  ["cloudfront", /^(?:x-amz-cf-id|cloudfront-viewer-address)$/],
  ["fastly", /^fastly-(?:client-ip|ff)$/],
  ["akamai", /^(?:x-akamai-|akamai-)/],
  ["aws-alb", /^x-amzn-trace-id$/],
  ["gcp-lb", /^x-cloud-trace-context$/],
  ["azure-appgw", /^x-(?:azure-ref|appgw-trace-id|original-host)$/],
  ["envoy", /^x-envoy-/],
  ["istio", /^x-forwarded-client-cert$/],
  ["aliyun", /^eagleeye-traceid$/],
];

function headerFacts({ plain, plainChain, chain }: Leg): Known {
  const names = plain.headers.map(([name]) => name.toLowerCase());
  const vendors = VENDOR_FIELDS.filter(([, field]) => names.some((name) => field.test(name))).map(([vendor]) => vendor);
  const kinds = [
    ...(names.includes("x-forwarded-for") ? ["xff"] : []),
    ...(names.includes("forwarded") ? ["forwarded"] : []),
    ...(names.some((name) =>
      /^(?:x-real-ip|true-client-ip|cf-connecting-ip|fastly-client-ip|x-client-ip|x-envoy-external-address)$/.test(name),
    )
      ? ["vendor"]
      : []),
  ];
  const last = plainChain.at(-1);
  return {
    "hdr.forwarding": kinds.length > 1 ? "multi" : (kinds[0] ?? "none"),
    "hdr.vendor": vendors,
    ...(chain !== undefined && { "hdr.xffLines": chain.lines }),
    "hdr.xffHasPort": plainChain.some(hasPort),
    ...(last !== undefined && { "hdr.xffHasPrivateTail": kindOfAddress(canonical(last)) === "private" }),
    "hdr.countNearLimit": plain.headers.length >= MANY_FIELDS,
    "hdr.connectionNamesXff": linesOf(plain.headers, "connection").some((line) =>
      /\b(?:x-forwarded-for|x-real-ip|forwarded)\b/i.test(line),
    ),
  };
}

function hasPort(element: string): boolean {
  return /^\[[^\]]+\]:[0-9]+$/.test(element) || /^[0-9.]+:[0-9]+$/.test(element);
}

const CANARY_VALUES: Readonly<Record<ChainFate["fate"], string>> = {
  "kept-left": "keptLeft",
  overwritten: "overwritten",
  "only-canary": "onlyCanary",
  stripped: "stripped",
};

function canaryFacts(chain: ChainFate | undefined): Known {
  if (chain === undefined) return {};
  return { "probe.canary": CANARY_VALUES[chain.fate], "probe.appended": chain.fate === "kept-left" ? chain.added.length : 0 };
}

function roundTripFacts(legs: readonly Leg[]): Known {
  const trip = legs.find(({ roundTrip }) => roundTrip !== undefined)?.roundTrip;
  if (trip === undefined || trip.applicationMs < MIN_ROUND_TRIP_MS) return {};
  // a kernel that says 0 has not measured yet
  return trip.tcpMs === 0 ? {} : { "tcp.rttRatio": Math.round((trip.applicationMs / trip.tcpMs) * 100) / 100 };
}

function comparisonFacts(path: LearnedPath): Known {
  const { legs } = path;
  const pairs = (are: (first: Leg, second: Leg) => boolean): readonly (readonly [Leg, Leg])[] =>
    legs.flatMap((first, index) => legs.slice(index + 1).flatMap((second) => (are(first, second) ? [[first, second] as const] : [])));
  const transports = pairs((first, second) => first.family === second.family && first.transport !== second.transport);
  const families = pairs((first, second) => first.transport === second.transport && first.family === 4 && second.family === 6);
  return {
    ...(transports.length > 0 && { "cmp.wsOnly": transports.some((pair) => differs(pair, path)) }),
    ...(families.length > 0 && { "cmp.v6Only": families.some((pair) => differs(pair, path)) }),
  };
}

/** Whether the client is found in what arrives over one leg and not over the other; where nobody knows the client, whether the path does something else. */
function differs([first, second]: readonly [Leg, Leg], { clients }: LearnedPath): boolean {
  const [place, other] = [clientPlaceIn(first, clients), clientPlaceIn(second, clients)];
  if (place !== undefined && other !== undefined) return (place.kind === "nowhere") !== (other.kind === "nowhere");
  return first.chain?.fate !== second.chain?.fate || first.chain?.added.length !== second.chain?.added.length;
}

function resolutionFacts({ clients, legs }: LearnedPath, run: ProbeRun): Known {
  const seen = observedIn(run, {}).flatMap(({ observation }) =>
    observation.resolution === undefined ? [] : [{ observation, ...observation.resolution }],
  );
  if (seen.length === 0) return {};
  const usedFallback = seen.some(({ outcome }) => outcome === "fallback");
  const forged = seen.find(({ ip }) => ip !== null && isCanary(ip));
  const [plain] = seen.filter(({ observation }) => observation.headers.every(([, value]) => !isCanary(value)));
  const is = forged !== undefined ? "canary" : plain === undefined ? undefined : resolvedTo(plain, { clients, legs });
  return { ...(is !== undefined && { "res.equals": is }), "res.usedFallback": usedFallback };
}

function resolvedTo(
  { ip, observation }: { ip: string | null; observation: Observation },
  { clients, legs }: Pick<LearnedPath, "legs" | "clients">,
): string | undefined {
  if (ip === null) return "null";
  // a proxy with the client's address is not told from it
  if (Object.values(clients).includes(ip)) return legs.some((leg) => isAddressShared(leg, clients)) ? undefined : "client";
  if (legs.some(({ chain }) => chain?.added.slice(1).map(canonical).includes(ip))) return "proxy";
  if (ip === canonical(observation.peer.address)) return "peer";
  return kindOfAddress(ip) === "private" ? "private" : undefined;
}
