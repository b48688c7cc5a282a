import { type Catalogue, type Diagnosis, diagnose, type Facts, type FactValue, parseFacts } from "@wherefrom/diagnosis";
import { canonical } from "../path/canonical.ts";
import { clientPlaceIn, type LearnedPath } from "../path/learned-path.ts";
import type { Leg } from "../path/leg.ts";
import type { ProbeFinding } from "../probe/probe-finding.ts";

/** What the second probe is beside the first: another service behind the same edge, the same service asked from its LAN, or the same asked from inside the site. */
export const SECOND_ROLES = ["neighbour", "lan", "inside"] as const;

export type SecondRole = (typeof SECOND_ROLES)[number];

/** One thing that is not the same. */
export type Difference = { readonly what: DifferenceKind; readonly first: string; readonly second: string };

export type DifferenceKind = "peer" | "client" | "chain" | "lines" | "alias" | "port" | "policy" | "forwarding";

/** What two probes come to, seen from the first. */
export type Comparison = {
  readonly differences: readonly Difference[];
  /** Facts about the first that only the second could tell. */
  readonly facts: Readonly<Record<string, FactValue>>;
  /** The diagnosis of the first with those facts. */
  readonly diagnosis: Diagnosis;
  readonly allFacts: Facts;
  /** Causes of the first that the second speaks against, the likeliest before first. */
  readonly ruledOut: readonly string[];
};

/** How much a cause has to lose, and how far it may have been behind, to be worth naming. */
const RULED_OUT = 3;
const WAS_CLOSE = 8;

type Pair = { readonly first: ProbeFinding; readonly second: ProbeFinding; readonly role: SecondRole };

/** Puts two probes side by side. Pure. */
export function compareProbes(catalogue: Catalogue, { first, second, role }: Pair): Comparison {
  const facts = roleFacts({ first, second, role });
  const before = factsOf(first.facts, catalogue);
  const allFacts = factsOf({ ...first.facts, ...facts }, catalogue);
  const alone = diagnose(catalogue, before);
  const diagnosis = diagnose(catalogue, allFacts);
  const best = alone.causes[0]?.score ?? 0;
  const ruledOut = alone.causes
    .filter(({ id, score, for: inFavour }) => {
      const now = diagnosis.causes.find((cause) => cause.id === id)?.score ?? score;
      return inFavour.length > 0 && best - score <= WAS_CLOSE && score - now >= RULED_OUT;
    })
    .map(({ id }) => id);
  return { differences: differencesOf(first.path, second.path, [first, second]), facts, diagnosis, allFacts, ruledOut };
}

function factsOf(json: Readonly<Record<string, FactValue>>, catalogue: Catalogue): Facts {
  const reading = parseFacts(json, catalogue);
  if (reading.kind === "refused") throw new Error(reading.issues.map(({ message }) => message).join("; "));
  return reading.facts;
}

function roleFacts({ first, second, role }: Pair): Readonly<Record<string, FactValue>> {
  const [firstIsRight, secondIsRight] = [isRight(first.path), isRight(second.path)];
  switch (role) {
    case "neighbour":
      return secondIsRight === undefined ? {} : { "cmp.otherServiceReal": secondIsRight };
    case "lan":
      return secondIsRight === undefined ? {} : { "cmp.lanDirectReal": secondIsRight };
    case "inside":
      return firstIsRight === undefined || secondIsRight === undefined ? {} : { "cmp.insideOnly": firstIsRight && !secondIsRight };
  }
}

/** Whether the client's address arrives. `undefined` when nobody knows the client's address. */
function isRight({ legs, clients }: LearnedPath): boolean | undefined {
  const places = legs.flatMap((leg) => clientPlaceIn(leg, clients) ?? []);
  return places.length === 0 ? undefined : places.every(({ kind }) => kind !== "nowhere");
}

function differencesOf(first: LearnedPath, second: LearnedPath, findings: readonly [ProbeFinding, ProbeFinding]): readonly Difference[] {
  const [leg] = first.legs;
  const other =
    second.legs.find((candidate) => candidate.family === leg?.family && candidate.transport === leg.transport) ?? second.legs[0];
  const rows: readonly (readonly [DifferenceKind, string, string])[] = [
    ["peer", peerOf(leg), peerOf(other)],
    ["client", placeOf(leg, first), placeOf(other, second)],
    ["chain", chainOf(leg), chainOf(other)],
    ["lines", leg?.lines ?? "-", other?.lines ?? "-"],
    ["alias", leg?.alias ?? "-", other?.alias ?? "-"],
    ["port", String(leg?.isPortKept ?? "-"), String(other?.isPortKept ?? "-")],
    ["forwarding", String(findings[0].facts["hdr.forwarding"] ?? "-"), String(findings[1].facts["hdr.forwarding"] ?? "-")],
    ["policy", policyOf(findings[0]), policyOf(findings[1])],
  ];
  return rows.filter(([, mine, theirs]) => mine !== theirs).map(([what, mine, theirs]) => ({ what, first: mine, second: theirs }));
}

function peerOf(leg: Leg | undefined): string {
  return leg === undefined ? "-" : canonical(leg.plain.peer.address);
}

function placeOf(leg: Leg | undefined, { clients }: LearnedPath): string {
  const place = leg === undefined ? undefined : clientPlaceIn(leg, clients);
  if (place === undefined) return "-";
  return place.kind === "element" ? `X-Forwarded-For[${place.index}]` : place.kind;
}

function chainOf(leg: Leg | undefined): string {
  return leg?.chain === undefined ? "-" : `${leg.chain.fate} +${leg.chain.fate === "kept-left" ? leg.chain.added.length : 0}`;
}

function policyOf({ proposal }: ProbeFinding): string {
  return proposal.kind === "none" ? proposal.why : Object.keys(proposal.proposals[0]?.policy ?? {}).join();
}
