import { linesOf, type Observation } from "../echo/observation.ts";
import type { AnswerResult, Seen } from "../probe/answer.ts";
import { CANARIES, SINGLE_HEADERS } from "../probe/canaries.ts";

/** What became of a claim in X-Forwarded-For: something was added to its right, it was replaced, it arrived alone, or nothing arrived. */
export type Fate = "kept-left" | "overwritten" | "only-canary" | "stripped";

/** What the path does to X-Forwarded-For when one canary is in it. */
export type ChainFate = {
  readonly fate: Fate;
  /** What was added to the right of the canary, or stands in its place, left to right. */
  readonly added: readonly string[];
  /** Lines that arrived. More than one: a hop adds a line of its own. */
  readonly lines: number;
};

const XFF = "x-forwarded-for";

/** The elements of X-Forwarded-For in an observation: all lines as one list, empty ones dropped. */
export function chainOf(observation: Observation): readonly string[] {
  return elementsOf(linesOf(observation.headers, XFF));
}

function elementsOf(lines: readonly string[]): readonly string[] {
  return lines
    .flatMap((line) => line.split(","))
    .flatMap((element) => {
      const text = element.replace(/^[ \t]+|[ \t]+$/g, "");
      return text === "" ? [] : [text];
    });
}

/** Says what became of a canary that was sent alone. */
export function chainFateOf({ observation }: Seen, canary: string): ChainFate {
  const lines = linesOf(observation.headers, XFF);
  const elements = elementsOf(lines);
  const at = elements.indexOf(canary);
  const added = at === -1 ? elements : elements.slice(at + 1);
  if (elements.length === 0) return { fate: "stripped", added: [], lines: 0 };
  if (at === -1) return { fate: "overwritten", added, lines: lines.length };
  return { fate: added.length === 0 ? "only-canary" : "kept-left", added, lines: lines.length };
}

/** What became of two lines with a canary each: one list in one line, several lines, one of them lost, both replaced or gone. */
export type LinesFate = "joined" | "kept-apart" | "one-lost" | "overwritten" | "stripped";

export function linesFateOf({ observation }: Seen): LinesFate {
  const lines = linesOf(observation.headers, XFF);
  const elements = elementsOf(lines);
  const arrived = [CANARIES.firstLine, CANARIES.secondLine].filter((canary) => elements.includes(canary)).length;
  if (elements.length === 0) return "stripped";
  if (arrived === 0) return "overwritten";
  if (arrived === 1) return "one-lost";
  return lines.some((line) => line.includes(CANARIES.firstLine) && line.includes(CANARIES.secondLine)) ? "joined" : "kept-apart";
}

/** What naming the header in Connection did: nothing, the client's part went, everything went, or the request was refused. */
export type HopByHopFate = "unaffected" | "chain-dropped" | "dropped" | "refused";

export function hopByHopFateOf(result: AnswerResult, usual: ChainFate): HopByHopFate | undefined {
  if (result.kind === "answered") return "refused";
  if (result.kind !== "observed") return undefined;
  const elements = chainOf(result.observation);
  if (elements.length === 0) return usual.fate === "stripped" ? "unaffected" : "dropped";
  if (usual.fate === "overwritten" || elements.includes(CANARIES.hopByHop)) return "unaffected";
  return "chain-dropped";
}

/** What became of X_Forwarded_For: gone, passed on under its name, or taken for X-Forwarded-For. */
export type AliasFate = "dropped" | "forwarded" | "merged";

export function aliasFateOf({ observation }: Seen): AliasFate {
  if (chainOf(observation).includes(CANARIES.alias)) return "merged";
  return linesOf(observation.headers, "x_forwarded_for").some((line) => line.includes(CANARIES.alias)) ? "forwarded" : "dropped";
}

/** What became of a header with one address: the client's arrived, another stands in its place, both did, or nothing arrived. */
export type SingleFate = "passed" | "overwritten" | "added" | "stripped";

export type SingleHeaderFate = { readonly name: string; readonly fate: SingleFate };

export function singleFatesOf({ observation }: Seen): readonly SingleHeaderFate[] {
  return SINGLE_HEADERS.map(({ name, canary }) => {
    const lines = linesOf(observation.headers, name.toLowerCase());
    const text = lines.join(",");
    if (lines.length === 0) return { name, fate: "stripped" };
    if (!text.includes(canary)) return { name, fate: "overwritten" };
    return { name, fate: lines.length > 1 || text.includes(",") ? "added" : "passed" };
  });
}
