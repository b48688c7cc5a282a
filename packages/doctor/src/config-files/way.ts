import { type ConfigReading, carry, clientOf, type Passage, type Trust } from "@wherefrom/proxies";
import type { HeaderField } from "wherefrom";
import type { SingleFate, SingleHeaderFate } from "../path/header-fate.ts";
import { ALIAS, SINGLE_HEADERS } from "../probe/canaries.ts";

/** A way of a request through the configurations, in the order in which they were given: one passage of each. */
export type Way = {
  readonly passages: readonly Passage[];
  /** X-Forwarded-For as it arrives at the end when the client claims an address: `claim`, `client`, and `proxy` for each proxy on the way. `undefined` where nobody can say. */
  readonly arrives: string | undefined;
  /** Lines that it arrives in. */
  readonly lines: number;
  /** What becomes of a claim in each of the headers with one address, and in X_Forwarded_For; a header is absent where nobody can say. */
  readonly singles: readonly SingleHeaderFate[];
  /** Whose address the last one sees as its peer's. */
  readonly peer: WayResult;
  /** Whether a WebSocket handshake gets through. */
  readonly upgrades: boolean | "unknown";
  /** Whom the last one takes for the client when the client claims an address. */
  readonly result: WayResult;
};

export type WayResult = "client" | "claim" | "proxy" | "firewall" | "unknown";

/** Ways that are followed at the most. Each configuration multiplies them. */
const MAX_WAYS = 64;

const XFF = "x-forwarded-for";
const CLAIM = "192.0.2.123";
const CLIENT = "198.51.100.77";
/** The other headers that a probe claims an address in. */
const OTHERS: readonly string[] = [...SINGLE_HEADERS.map(({ name }) => name), ALIAS];

/** Follows a request through the configurations. It is assumed that each trusts the one before it as far as it trusts anybody. */
export function followWays(readings: readonly ConfigReading[]): readonly Way[] {
  let ways: readonly (readonly Passage[])[] = [[]];
  for (const reading of readings) {
    const passages = reading.passages.filter((passage) => passage.kind !== "network" || passage.from === "outside");
    if (passages.length > 0) ways = ways.flatMap((way) => passages.map((passage) => [...way, passage])).slice(0, MAX_WAYS);
  }
  return ways.filter((way) => way.length > 0).map(follow);
}

type Request = { readonly peer: string; readonly preamble?: string; readonly fields: readonly HeaderField[] };

function follow(passages: readonly Passage[]): Way {
  let request: Request = { peer: CLIENT, fields: [XFF, ...OTHERS].map((header) => [header, CLAIM]) };
  const unknown = new Set<string>();
  const words = new Map<string, WayResult>([
    [CLIENT, "client"],
    [CLAIM, "claim"],
  ]);
  let result: string | undefined = CLIENT;
  let isPeerKnown = true;
  for (const [index, passage] of passages.entries()) {
    if (passage.kind === "service") {
      result = clientOf(passage.client, request);
      break;
    }
    const address = trustedAddress(passages.slice(index + 1), index);
    if (passage.kind === "network") {
      const [first, ...others] = passage.sources;
      const isTold = others.length === 0 && first.source.kind !== "unknown";
      if (!isTold) unknown.add(XFF);
      isPeerKnown = isTold && (isPeerKnown || first.source.kind !== "kept");
      if (first.source.kind === "kept") continue;
      words.set(address, "firewall");
      result = address;
      request = { ...request, peer: address };
      continue;
    }
    const out = carry(passage, request);
    result = out.client;
    for (const header of out.unknown) unknown.add(header);
    const keepsSource = passage.keepsSource && out.client !== undefined;
    if (!keepsSource) {
      words.set(address, "proxy");
      isPeerKnown = true;
    }
    request = {
      peer: keepsSource ? out.client : address,
      fields: out.fields,
      ...(out.preamble !== undefined && { preamble: out.preamble }),
    };
  }
  const { fields } = request;
  return {
    passages,
    arrives: unknown.has(XFF) ? undefined : chainText(fields, words),
    lines: linesIn(fields, XFF).length,
    singles: OTHERS.filter((name) => !unknown.has(name.toLowerCase())).map((name) => ({
      name,
      fate: fateIn(linesIn(fields, name.toLowerCase())),
    })),
    peer: isPeerKnown ? (words.get(request.peer) ?? "unknown") : "unknown",
    upgrades: upgradesOver(passages),
    result: result === undefined || unknown.has(XFF) ? "unknown" : (words.get(result) ?? "unknown"),
  };
}

function upgradesOver(passages: readonly Passage[]): Way["upgrades"] {
  const said = passages.flatMap((passage) => (passage.kind === "proxy" ? [passage.passesUpgrade] : []));
  return said.includes(false) ? false : said.includes("unknown") ? "unknown" : true;
}

/** An address that the next one trusts which reads addresses, if it trusts any: else one that nobody does. */
function trustedAddress(behind: readonly Passage[], index: number): string {
  const next = behind.find((passage) => passage.kind !== "network")?.client;
  const trust: Trust | undefined = next?.kind === "header" || next?.kind === "preamble" ? next.trust : undefined;
  const entry = trust?.kind === "list" ? trust.entries.find((text) => text !== "unix:") : undefined;
  return entry?.split("/")[0] ?? `203.0.113.${(index % 200) + 1}`;
}

function linesIn(fields: readonly HeaderField[], header: string): readonly string[] {
  return fields.filter(([name]) => name.toLowerCase() === header).map(([, value]) => value);
}

function fateIn(lines: readonly string[]): SingleFate {
  const text = lines.join(",");
  if (lines.length === 0) return "stripped";
  if (!text.includes(CLAIM)) return "overwritten";
  return lines.length > 1 || text.includes(",") ? "added" : "passed";
}

function chainText(fields: readonly HeaderField[], words: ReadonlyMap<string, WayResult>): string {
  return linesIn(fields, XFF)
    .flatMap((value) => value.split(","))
    .map((element) => words.get(element.trim()) ?? "unknown")
    .join(", ");
}
