import { type ConfigReading, type Finding, findingAt } from "@wherefrom/proxies";
import type { Fate } from "../path/header-fate.ts";
import type { LearnedPath } from "../path/learned-path.ts";
import type { Leg } from "../path/leg.ts";
import { followWays, type Way } from "./way.ts";

/** Holds what configurations say against what a probe saw, over HTTP. Nothing is said where one of them does not know. */
export function checkProbe(readings: readonly ConfigReading[], path: LearnedPath): readonly Finding[] {
  const leg = path.legs.find(({ transport }) => transport === "http");
  const ways = followWays(readings).filter(({ passages }) => passages.some(({ kind }) => kind === "proxy"));
  const [way] = ways;
  const place = way?.passages[0]?.place;
  if (leg === undefined || place === undefined) return [];
  return [...chainFindings(ways, leg), ...singleFindings(ways, leg)].map((finding) => findingAt(place, finding));
}

type Said = Omit<Finding, "place" | "others">;

function chainFindings(ways: readonly Way[], { chain }: Leg): readonly Said[] {
  const predictions = ways.map(({ arrives }) => (arrives === undefined ? undefined : predictionOf(arrives)));
  if (chain === undefined || predictions.some((prediction) => prediction === undefined)) return [];
  const known = predictions.filter((prediction) => prediction !== undefined);
  const seen = { fate: chain.fate, added: chain.added.length };
  if (known.some(({ fate, added }) => fate === seen.fate && added === seen.added)) return [];
  const said = [...new Set(known.map(textOf))].join(" / ");
  const what = `X-Forwarded-For: ${said} | ${textOf(seen)}`;
  const isLonger = known.some(({ fate, added }) => fate === seen.fate && added < seen.added);
  return [
    isLonger
      ? { code: "FINDING_PROBE_MORE_HOPS", severity: "warning", what }
      : { code: "FINDING_PROBE_DISAGREES", severity: "error", what },
  ];
}

type Prediction = { readonly fate: Fate; readonly added: number };

function predictionOf(arrives: string): Prediction {
  const elements = arrives === "" ? [] : arrives.split(", ");
  const at = elements.indexOf("claim");
  if (elements.length === 0) return { fate: "stripped", added: 0 };
  if (at === -1) return { fate: "overwritten", added: elements.length };
  const added = elements.length - at - 1;
  return { fate: added === 0 ? "only-canary" : "kept-left", added };
}

function textOf({ fate, added }: Prediction): string {
  return fate === "kept-left" || fate === "overwritten" ? `${fate} +${added}` : fate;
}

/** Headers with one address that every way passes on, or none does, and the probe saw the other. */
function singleFindings(ways: readonly Way[], { singles }: Leg): readonly Said[] {
  return singles.flatMap(({ name, fate }) => {
    const header = name.toLowerCase();
    const passing = ways.filter(({ passed }) => passed.includes(header)).length;
    const isPassed = fate === "passed";
    if (!["x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip"].includes(header)) return [];
    if (passing !== 0 && passing !== ways.length) return [];
    if (isPassed === passing > 0) return [];
    const what = `${name}: ${passing > 0 ? "passed" : "not passed"} | ${fate}`;
    // a proxy that nobody gave the configuration of may well take it away
    return [{ code: "FINDING_PROBE_DISAGREES", severity: isPassed ? "error" : "warning", what }];
  });
}
