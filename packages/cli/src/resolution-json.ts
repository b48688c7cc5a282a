import type { Explanation, Resolution } from "wherefrom";

/** A resolution as the command line writes it: the six fields always, `family` and `port` where there is one. */
export type ResolutionJson = {
  readonly ip: string | null;
  readonly outcome: string;
  readonly trust: string;
  readonly reason: string | null;
  readonly algorithm: string;
  readonly key: string | null;
  readonly family?: 4 | 6;
  readonly port?: number;
  readonly explanation?: Pick<Explanation, "sentences" | "peer" | "hops" | "unlistedHops">;
};

/** A resolution as JSON. `reason` is `null` when there is none, so that every line of output has the same fields. */
export function resolutionJson(resolution: Resolution): ResolutionJson {
  const { ip, outcome, trust, algorithm, key, family, port } = resolution;
  const fields: ResolutionJson = { ip, outcome, trust, reason: resolution.reason ?? null, algorithm, key };
  if (family === null) return fields;
  return port === undefined ? { ...fields, family } : { ...fields, family, port };
}

/**
 * `resolutionJson` as text. Written out by hand because it is done for every line of a long input, where it takes a sixth of the time of
 * building the object and turning that into text.
 */
export function resolutionLine({ ip, outcome, trust, reason, algorithm, key, family, port }: Resolution): string {
  const place = family === null ? "" : `,"family":${family}${port === undefined ? "" : `,"port":${port}`}`;
  const said = `"outcome":"${outcome}","trust":"${trust}","reason":${quoted(reason)},"algorithm":${JSON.stringify(algorithm)}`;
  return `{"ip":${quoted(ip)},${said},"key":${quoted(key)}${place}}`;
}

/** For addresses and words of ours, in which nothing needs escaping. */
function quoted(text: string | null | undefined): string {
  return text === null || text === undefined ? "null" : `"${text}"`;
}

/** An explanation as JSON: the resolution's fields, then how they came about. */
export function explanationJson(explanation: Explanation): ResolutionJson {
  const { sentences, peer, hops, unlistedHops } = explanation;
  return { ...resolutionJson(explanation), explanation: { sentences, peer, hops, unlistedHops } };
}
