import type { EnvironmentKey } from "./config-store/port.ts";
import type { Dimension } from "./event-store/dimensions.ts";
import type { Filter } from "./event-store/filter.ts";
import type { EventStore, Group } from "./event-store/port.ts";

/** How far back traffic is recent, in milliseconds. */
const WINDOW_MS = 900_000;
/** Values of one dimension that are looked at, the commonest first. Whatever is rarer counts as a request, but has no value. */
const MAX_VALUES = 1_000;

/** How requests are spread over the values of a dimension. */
export type Spread = {
  /** Requests of which that is known. */
  readonly requests: number;
  /** Requests that have no value, and are known to have none. */
  readonly absent: number;
  /** The commonest first. */
  readonly values: readonly { readonly text: string; readonly requests: number }[];
};

/** How requests came out that a policy has judged lately. An event that stands for others that were not sampled counts for all of them. */
export type RecentTraffic = {
  readonly requests: number;
  readonly rejected: number;
  /** Requests for which the algorithm had no address, by the reason. */
  readonly fallbacks: Readonly<Record<string, number>>;
  readonly results: Spread;
  readonly peers: Spread;
  readonly agents: Spread;
  /** X-Forwarded-For as it came, of requests that did not come past the proxies. */
  readonly chains: Spread;
};

/** What is looked at: the requests that ran by one of these revisions, until a time in milliseconds since 1970. */
export type Recent = { readonly revisions: readonly number[]; readonly until: number };

const PAST_THE_PROXIES: Filter = { kind: "in", dimension: "reason", values: ["untrusted-peer"] };

/**
 * Reads how requests of the last 15 minutes came out, in five questions of bounded answers.
 *
 * Errors: `QuestionTooCostly`, `StoreUnavailable`.
 */
export async function readRecentTraffic(store: EventStore, key: EnvironmentKey, { revisions, until }: Recent): Promise<RecentTraffic> {
  const filter: Filter = {
    kind: "and",
    of: [
      { kind: "in", dimension: "revision", values: revisions.map(String) },
      { kind: "not", of: { kind: "absent", dimension: "outcome" } },
    ],
  };
  const ask = (dimensions: readonly Dimension[], which: Filter = filter): Promise<readonly Group[]> =>
    store.ask(key, {
      from: until - WINDOW_MS,
      until,
      dimensions,
      measures: [{ metric: "messages", aggregate: "sum" }],
      filter: which,
      order: [{ measure: 0, isDescending: true }],
      offset: 0,
      limit: MAX_VALUES,
      maxPoints: MAX_VALUES,
    });
  const outcomes = await ask(["outcome", "reason"]);
  const of = (outcome: string): readonly Group[] => outcomes.filter(({ values }) => values[0] === outcome);
  return {
    requests: sumOf(outcomes),
    rejected: sumOf(of("rejected")),
    fallbacks: Object.fromEntries(of("fallback").map((group) => [group.values[1] ?? "unknown", timesOf(group)])),
    results: spreadOf(await ask(["resolved_ip"])),
    peers: spreadOf(await ask(["client_ip"])),
    agents: spreadOf(await ask(["user_agent"])),
    chains: spreadOf(await ask(["x_forwarded_for"], { kind: "and", of: [filter, { kind: "not", of: PAST_THE_PROXIES }] })),
  };
}

function spreadOf(groups: readonly Group[]): Spread {
  const values = groups.flatMap((group) => {
    const [text] = group.values;
    return text === undefined ? [] : [{ text, requests: timesOf(group) }];
  });
  return { requests: values.reduce((sum, { requests }) => sum + requests, 0), absent: sumOf(groups.filter(isAbsent)), values };
}

function isAbsent({ values: [value] }: Group): boolean {
  return value === undefined;
}

function sumOf(groups: readonly Group[]): number {
  return groups.reduce((sum, group) => sum + timesOf(group), 0);
}

function timesOf({ points }: Group): number {
  return Math.round(points[0]?.measures[0] ?? 0);
}
