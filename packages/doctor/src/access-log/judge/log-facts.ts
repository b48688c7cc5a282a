import { type AddressKind, type FactValue, namedRanges, SCOPES } from "@wherefrom/diagnosis";
import { distance, localShare, MIN_LINES, NEARLY_ALL, peersIn, topShare } from "./log-finding.ts";
import { judgedIn, type LogSummary, share } from "./log-summary.ts";
import { indexId } from "./subjects.ts";

/** Clients that have to be known to be different before a peer that all share means something. */
const MIN_CLIENTS = 3;
/** Peers that are a pool of proxies, and not clients. */
const MAX_POOL = 64;
/** A header that this share of lines lacks is not there; one that this share has, is. */
const ABSENT = 0.99;
const PRESENT = 0.05;
const APART = 0.5;

export type LogFactsOptions = {
  /** Forwarding headers that the log's format has, in lower case. What it does not have nobody knows. */
  readonly logged: readonly string[];
  readonly isPolicyGiven: boolean;
};

/** What a log says for a diagnosis. A fact that it cannot be sure of is left out. */
export function factsOfLog(summary: LogSummary, { logged, isPolicyGiven }: LogFactsOptions): Readonly<Record<string, FactValue>> {
  const { whole } = summary;
  if (whole.traffic.lines < MIN_LINES) return preambleFacts(summary);
  return { ...peerFacts(summary), ...headerFacts(summary, logged), ...resultFacts(summary, isPolicyGiven), ...preambleFacts(summary) };
}

type Known = Readonly<Record<string, FactValue>>;

function peerFacts({ whole, agents }: LogSummary): Known {
  const peers = peersIn(whole);
  const { traffic } = whole;
  const [top] = peers.top;
  if (top === undefined) return {};
  const isOne = topShare(peers) >= NEARLY_ALL;
  const [kind, ofKind] = Object.entries(peers.kinds).toSorted(([, first], [, second]) => second - first)[0] ?? [];
  const scope = share(ofKind, peers.lines) >= NEARLY_ALL ? SCOPES[kind as AddressKind] : undefined;
  const clients = Math.max(
    agents,
    scope === "public" ? peers.distinct : 0,
    ...whole.outcomes.filter(({ id }) => id.startsWith("index")).map(({ distinct }) => distinct),
  );
  const isPool = !isOne && peers.distinct >= 2 && peers.distinct <= MAX_POOL && peers.distinct * 4 <= clients;
  return {
    ...(scope !== undefined && { "peer.scope": scope }),
    ...(clients >= MIN_CLIENTS && { "peer.constant": isOne }),
    ...(isPool && { "peer.pool": true }),
    ...(scope === "public" && peers.distinct >= MIN_LINES && !isOne && !isPool && { "peer.diversePublic": true }),
    ...(isOne && { "peer.range": namedRanges(top.text) }),
    "peer.v4mapped": share(traffic.mappedPeers, traffic.lines) >= NEARLY_ALL,
  };
}

function headerFacts({ whole: { traffic, outcomes } }: LogSummary, logged: readonly string[]): Known {
  if (!logged.includes("x-forwarded-for")) return {};
  const shareOf = (name: string): number => share(traffic.headers[name], traffic.lines);
  const seen = logged.filter((name) => shareOf(name) >= PRESENT);
  const isAbsent = logged.every((name) => 1 - shareOf(name) >= ABSENT);
  const kinds = new Set(seen.map((name) => (name === "x-forwarded-for" ? "xff" : name === "forwarded" ? "forwarded" : "vendor")));
  const [kind = "none"] = kinds;
  const last = outcomes.find(({ id }) => id === indexId(-1));
  return {
    ...((isAbsent || kinds.size > 0) && { "hdr.forwarding": kinds.size > 1 ? "multi" : kind }),
    ...(kinds.has("xff") && { "hdr.xffHasPort": share(traffic.ports, traffic.lines) >= PRESENT }),
    ...(kinds.has("xff") && last !== undefined && { "hdr.xffHasPrivateTail": localShare(last) >= NEARLY_ALL }),
  };
}

function resultFacts(summary: LogSummary, isPolicyGiven: boolean): Known {
  const { whole, http, webSocket } = summary;
  const judged = judgedIn(whole, isPolicyGiven);
  const isJudged = isPolicyGiven || whole.recorded !== undefined;
  const handshakes = webSocket === undefined ? undefined : judgedIn(webSocket, isPolicyGiven);
  return {
    ...(isJudged && { "res.usedFallback": share(judged.outcomes["fallback"], judged.lines) >= 0.01 }),
    ...(isJudged && localShare(judged) >= NEARLY_ALL && { "res.equals": "private" }),
    ...(handshakes !== undefined &&
      handshakes.lines >= MIN_LINES && { "cmp.wsOnly": distance(handshakes, judgedIn(http, isPolicyGiven)) >= APART }),
  };
}

function preambleFacts({ preambles }: LogSummary): Known {
  if (preambles.v2 > 0) return { "log.proxyPreamble": "v2" };
  return preambles.v1 > 0 ? { "log.proxyPreamble": "v1" } : {};
}
