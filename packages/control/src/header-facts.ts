import type { FactValue } from "@wherefrom/diagnosis";
import { claimsClient } from "@wherefrom/model";
import { hopsIn, shapeOf } from "./chain-shape.ts";
import { MIN_REQUESTS, NEARLY_ALL, PRESENT } from "./environment-facts.ts";
import { keptFields } from "./kept-fields.ts";
import type { RecentTraffic, Spread } from "./recent-traffic.ts";
import { isLocal } from "./result-kinds.ts";

type Known = Readonly<Record<string, FactValue>>;

/** What the headers of recent requests say for a diagnosis. What only some requests have says nothing: any client may send it. Pure. */
export function headerFacts({ chains, evidence }: RecentTraffic): Known {
  return { ...forwardingFacts(evidence), ...chainFacts(chains) };
}

type Kind = "xff" | "forwarded" | "vendor";

function forwardingFacts({ values, requests }: Spread): Known {
  if (requests < MIN_REQUESTS) return {};
  const counts = new Map<Kind | "lines", number>();
  for (const { text, requests: times } of values) {
    const names = keptFields(text).map(([name]) => name);
    for (const kind of new Set(names.flatMap(kindsOf))) counts.set(kind, (counts.get(kind) ?? 0) + times);
    if (names.filter((name) => name === "x-forwarded-for").length > 1) counts.set("lines", (counts.get("lines") ?? 0) + times);
  }
  const shareOf = (kind: Kind | "lines"): number => (counts.get(kind) ?? 0) / requests;
  const kinds = (["xff", "forwarded", "vendor"] as const).filter((kind) => shareOf(kind) >= NEARLY_ALL);
  const isSure = (["xff", "forwarded", "vendor"] as const).every((kind) => kinds.includes(kind) || shareOf(kind) < PRESENT);
  const lines = shareOf("lines") >= NEARLY_ALL ? 2 : shareOf("lines") < PRESENT && kinds.includes("xff") ? 1 : undefined;
  return {
    ...(isSure && { "hdr.forwarding": kinds.length > 1 ? "multi" : (kinds[0] ?? "none") }),
    ...(lines !== undefined && { "hdr.xffLines": lines }),
  };
}

function kindsOf(name: string): readonly Kind[] {
  if (name === "x-forwarded-for") return ["xff"];
  if (name === "forwarded") return ["forwarded"];
  return claimsClient(name) && !name.startsWith("x-forwarded") ? ["vendor"] : [];
}

/** Only of the last hop: whatever stands before it may be a client's. */
function chainFacts(chains: Spread): Known {
  const shape = shapeOf(chains);
  if (shape === undefined || shape.written === 0 || chains.requests < MIN_REQUESTS) return {};
  const shareOf = (holds: (hop: string) => boolean): number =>
    chains.values.reduce((sum, { text, requests }) => (holds(hopsIn(text).at(-1) ?? "") ? sum + requests : sum), 0) / chains.requests;
  return { ...fact("hdr.xffHasPort", shareOf(hasPort)), ...fact("hdr.xffHasPrivateTail", shareOf(isLocal)) };
}

function fact(signal: string, share: number): Known {
  if (share >= NEARLY_ALL) return { [signal]: true };
  return share < PRESENT ? { [signal]: false } : {};
}

function hasPort(hop: string): boolean {
  return /^(?:\[[^\]]+\]|[0-9.]+):[0-9]+$/.test(hop);
}
