import { type ConfigReading, type Finding, findingAt } from "@wherefrom/proxies";
import type { Fate, SingleFate } from "../path/header-fate.ts";
import { clientPlaceIn, type LearnedPath } from "../path/learned-path.ts";
import type { Leg } from "../path/leg.ts";
import { ALIAS } from "../probe/canaries.ts";
import { followWays, type Way } from "./way.ts";

/**
 * Holds what configurations say against what a probe saw, over each transport and family. What one of several ways does is no contradiction. Nothing is said where one of them does
 * not know.
 */
export function checkProbe(readings: readonly ConfigReading[], path: LearnedPath): readonly Finding[] {
  const ways = followWays(readings).filter(({ passages }) => passages.some(({ kind }) => kind !== "service"));
  const place = ways[0]?.passages[0]?.place;
  if (place === undefined) return [];
  const proxied = ways.filter(({ passages }) => passages.some(({ kind }) => kind === "proxy"));
  const said = path.legs.flatMap((leg) => {
    const chain = chainFindings(proxied, leg);
    // of elements that are not those which were expected, more need not be said
    const ofChain = chain.length > 0 ? chain : [...lineFindings(proxied, leg), ...placeFindings(proxied, { leg, path })];
    const found = [...ofChain, ...peerFindings(ways, { leg, path }), ...singleFindings(proxied, leg)];
    return found.map((finding) => ({ finding, leg }));
  });
  // what was seen over the first is said of it, and of another only what it alone shows
  const firsts = said.filter(({ finding }, index) => said.findIndex((other) => other.finding.what === finding.what) === index);
  const told = [...firsts.map(({ finding, leg }) => over(leg, finding)), ...upgradeFindings(proxied, path)];
  return told.map((finding) => findingAt(place, finding));
}

type Said = Omit<Finding, "place" | "others">;

/** Says over what it was seen, unless that is what everybody thinks of. */
function over({ transport, family }: Leg, finding: Said): Said {
  const means = [...(transport === "websocket" ? ["WebSocket"] : []), ...(family === 6 ? ["IPv6"] : [])];
  return means.length === 0 ? finding : { ...finding, what: `${finding.what} (${means.join(", ")})` };
}

/** What every way says of something, each once. `undefined` where one of them does not know, or there is none. */
function saidBy<Value>(ways: readonly Way[], of: (way: Way) => Value | undefined): readonly Value[] | undefined {
  const values = ways.map(of);
  if (values.length === 0 || values.includes(undefined)) return undefined;
  return [...new Set(values as Value[])];
}

function disagreement(
  severity: Finding["severity"],
  { about, said, seen }: { about: string; said: readonly string[]; seen: string },
): Said {
  return { code: "FINDING_PROBE_DISAGREES", severity, what: `${about}: ${said.join(" / ")} | ${seen}` };
}

function chainFindings(ways: readonly Way[], { chain }: Leg): readonly Said[] {
  const said = saidBy(ways, ({ arrives }) => arrives);
  if (chain === undefined || said === undefined) return [];
  const known = said.map(predictionOf);
  const seen = { fate: chain.fate, added: chain.added.length };
  if (known.some(({ fate, added }) => fate === seen.fate && added === seen.added)) return [];
  const told = disagreement("error", { about: "X-Forwarded-For", said: [...new Set(known.map(textOf))], seen: textOf(seen) });
  const isLonger = known.some(({ fate, added }) => fate === seen.fate && added < seen.added);
  return [isLonger ? { ...told, code: "FINDING_PROBE_MORE_HOPS", severity: "warning" } : told];
}

type Prediction = { readonly fate: Fate; readonly added: number };

function predictionOf(arrives: string): Prediction {
  const elements = elementsOf(arrives);
  const at = elements.indexOf("claim");
  if (elements.length === 0) return { fate: "stripped", added: 0 };
  if (at === -1) return { fate: "overwritten", added: elements.length };
  const added = elements.length - at - 1;
  return { fate: added === 0 ? "only-canary" : "kept-left", added };
}

function elementsOf(arrives: string): readonly string[] {
  return arrives === "" ? [] : arrives.split(", ");
}

function textOf({ fate, added }: Prediction): string {
  return fate === "kept-left" || fate === "overwritten" ? `${fate} +${added}` : fate;
}

/** A hop that adds a line of its own in place of an element, or one that joins them. */
function lineFindings(ways: readonly Way[], { chain }: Leg): readonly Said[] {
  const said = saidBy(ways, ({ arrives, lines }) => (arrives === undefined ? undefined : lines));
  if (chain === undefined || said === undefined || said.includes(chain.lines)) return [];
  return [disagreement("warning", { about: "X-Forwarded-For", said: said.map(linesText), seen: linesText(chain.lines) })];
}

function linesText(lines: number): string {
  return lines === 1 ? "1 line" : `${lines} lines`;
}

type Seen = { readonly leg: Leg; readonly path: LearnedPath };

/** Where the client's own address stands in the chain: what is written there need not be what the proxy sees. */
function placeFindings(ways: readonly Way[], { leg, path }: Seen): readonly Said[] {
  const said = saidBy(ways, ({ arrives }) =>
    arrives === undefined ? undefined : placeText(elementsOf(arrives).lastIndexOf("client"), elementsOf(arrives)),
  );
  const place = clientPlaceIn(leg, path.clients);
  // where the chain is the client's own, the path writes none when nothing is claimed
  if (said === undefined || place === undefined || !["kept-left", "overwritten"].includes(leg.chain?.fate ?? "")) return [];
  const seen = place.kind === "element" ? `client at ${place.index}` : "no client";
  if (said.includes(seen) || place.kind === "peer") return [];
  return [disagreement("error", { about: "X-Forwarded-For", said, seen })];
}

function placeText(at: number, elements: readonly string[]): string {
  return at === -1 ? "no client" : `client at ${at - elements.length}`;
}

/** Whether the service sees its client itself, or somebody in its place: what source NAT and proxies that keep the source decide. */
function peerFindings(ways: readonly Way[], { leg, path }: Seen): readonly Said[] {
  const said = saidBy(ways, ({ peer }) => (peer === "unknown" ? undefined : peer === "client" ? "client" : "another"));
  const place = clientPlaceIn(leg, path.clients);
  if (said === undefined || place === undefined) return [];
  // the client's address on another port: a proxy on the client's own host, or one that keeps the source
  if (place.kind === "peer" && leg.isPortKept === false) return [];
  const seen = place.kind === "peer" ? "client" : "another";
  return said.includes(seen) ? [] : [disagreement("error", { about: "peer", said, seen })];
}

const HARMLESS: ReadonlySet<string> = new Set<SingleFate>(["overwritten", "stripped"]);

/** Headers with one address, and the alias. A proxy that nobody gave the configuration of may well take a claim away, but it cannot bring one back. */
function singleFindings(ways: readonly Way[], { singles, alias }: Leg): readonly Said[] {
  const aliased = alias === undefined ? [] : [{ name: ALIAS, fate: { dropped: "stripped", forwarded: "passed", merged: "merged" }[alias] }];
  return [...singles, ...aliased].flatMap(({ name, fate }) => {
    const said = saidBy(ways, ({ singles: predicted }) => predicted.find((one) => one.name === name)?.fate);
    if (said === undefined || said.some((each) => each === fate)) return [];
    return [disagreement(HARMLESS.has(fate) ? "warning" : "error", { about: name, said, seen: fate })];
  });
}

/** Whether WebSocket handshakes get through where requests do. */
function upgradeFindings(ways: readonly Way[], { legs, unseen }: LearnedPath): readonly Said[] {
  const said = saidBy(ways, ({ upgrades }) => (upgrades === "unknown" ? undefined : upgrades));
  if (said === undefined || said.length !== 1) return [];
  const [passes] = said;
  const about = "WebSocket";
  if (passes === false && legs.some(({ transport }) => transport === "websocket"))
    return [disagreement("error", { about, said: ["stopped"], seen: "passed" })];
  const has = (transport: Leg["transport"], family: Leg["family"]): boolean =>
    legs.some((leg) => leg.transport === transport && leg.family === family);
  // of a path that lets some through, others may be dropped for what they claim
  const isStopped = unseen.some(({ transport, family }) => transport === "websocket" && has("http", family) && !has("websocket", family));
  return passes === true && isStopped ? [disagreement("warning", { about, said: ["passed"], seen: "stopped" })] : [];
}
