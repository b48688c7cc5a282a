import type { EnvironmentKey } from "./config-store/port.ts";
import { MIN_REQUESTS, MOSTLY } from "./environment-facts.ts";
import type { Dimension } from "./event-store/dimensions.ts";
import type { Filter } from "./event-store/filter.ts";
import type { EventStore, Group, Question } from "./event-store/port.ts";

/** How far back traffic is recent, in milliseconds. */
export const WINDOW_MS = 900_000;
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

/** What requests had in their headers that did not come past the proxies. */
export type Chains = {
  /** X-Forwarded-For as it came. */
  readonly chains: Spread;
  /** Evidence, as JSON, where it is kept. */
  readonly evidence: Spread;
};

/** How requests came out that a policy has judged lately. An event that stands for others that were not sampled counts for all of them. */
export type RecentTraffic = Chains & {
  readonly requests: number;
  /** Requests that got no address, by the reason. */
  readonly rejections: Reasons;
  /** Requests for which the algorithm had no address and something else was taken, by the reason. */
  readonly fallbacks: Reasons;
  readonly results: Spread;
  readonly peers: Spread;
  readonly agents: Spread;
  /** User agents of the commonest result. Empty where it is not that of most requests. */
  readonly topAgents: Spread;
  /** The same of those that an entrance of the policy decided, by the name that events have for it. */
  readonly entrances: ReadonlyMap<string, Chains>;
  /** How WebSocket handshakes that were taken came out, and the other requests of the same APIs. Both are empty where there are few handshakes. */
  readonly webSocket: readonly Outcome[];
  readonly http: readonly Outcome[];
  /** User agents of the handshakes; empty where those are. */
  readonly webSocketAgents: Spread;
};

/** Requests by the reason why an algorithm had no address. */
export type Reasons = Readonly<Record<string, number>>;

/** Requests of one API that came out in one way. */
export type Outcome = {
  readonly api: string | undefined;
  readonly outcome: string | undefined;
  readonly reason: string | undefined;
  readonly resolvedIp: string | undefined;
  readonly requests: number;
};

/** What is looked at: the requests that ran by one of these revisions, until a time in milliseconds since 1970; what `entrances` decided, by itself too. */
export type Recent = {
  readonly revisions: readonly number[];
  readonly until: number;
  readonly entrances: readonly string[];
  /** Of who waits for it. */
  readonly signal?: AbortSignal | undefined;
};

const NOT_PAST_THE_PROXIES: Filter = { kind: "not", of: { kind: "in", dimension: "reason", values: ["untrusted-peer"] } };
const IS_WEB_SOCKET: Filter = { kind: "in", dimension: "status", values: ["101"] };

/**
 * Reads how requests of the last 15 minutes came out, in at most ten questions of bounded answers, one after the other, and two for each entrance.
 *
 * Errors: `QuestionTooCostly`, `StoreUnavailable`; the reason of the signal.
 */
export async function readRecentTraffic(
  store: EventStore,
  key: EnvironmentKey,
  { revisions, until, entrances, signal }: Recent,
): Promise<RecentTraffic> {
  const judged: readonly Filter[] = [
    { kind: "in", dimension: "revision", values: revisions.map(String) },
    { kind: "not", of: { kind: "absent", dimension: "outcome" } },
  ];
  const ask: Ask = (dimensions, ...filters) => {
    const question: Question = {
      from: until - WINDOW_MS,
      until,
      dimensions,
      measures: [{ metric: "messages", aggregate: "sum" }],
      filter: { kind: "and", of: [...judged, ...filters] },
      order: [{ measure: 0, isDescending: true }],
      offset: 0,
      limit: MAX_VALUES,
      maxPoints: MAX_VALUES,
    };
    return store.ask(key, question, { signal });
  };
  const outcomes = await ask(["outcome", "reason"]);
  const reasonsOf = (outcome: string): Reasons =>
    Object.fromEntries(
      outcomes.filter(({ values }) => values[0] === outcome).map((group) => [group.values[1] ?? "unknown", timesOf(group)]),
    );
  const requests = sumOf(outcomes);
  const results = spreadOf(await ask(["resolved_ip"]));
  return {
    requests,
    rejections: reasonsOf("rejected"),
    fallbacks: reasonsOf("fallback"),
    results,
    peers: spreadOf(await ask(["client_ip"])),
    agents: spreadOf(await ask(["user_agent"])),
    topAgents: await readTopAgents(ask, { requests, results }),
    ...(await readChains(ask)),
    entrances: await readEntrances(ask, entrances),
    ...(await readTransports(ask)),
  };
}

type Ask = (dimensions: readonly Dimension[], ...filters: readonly Filter[]) => Promise<readonly Group[]>;

async function readChains(ask: Ask, ...filters: readonly Filter[]): Promise<Chains> {
  return {
    chains: spreadOf(await ask(["x_forwarded_for"], NOT_PAST_THE_PROXIES, ...filters)),
    evidence: spreadOf(await ask(["evidence"], NOT_PAST_THE_PROXIES, ...filters)),
  };
}

async function readEntrances(ask: Ask, names: readonly string[]): Promise<ReadonlyMap<string, Chains>> {
  const entrances = new Map<string, Chains>();
  for (const name of names) entrances.set(name, await readChains(ask, { kind: "in", dimension: "algorithm", values: [name] }));
  return entrances;
}

const NONE: Spread = { requests: 0, absent: 0, values: [] };

async function readTopAgents(ask: Ask, { requests, results }: Pick<RecentTraffic, "requests" | "results">): Promise<Spread> {
  const [top] = results.values;
  if (top === undefined || requests < MIN_REQUESTS || top.requests < MOSTLY * requests) return NONE;
  return spreadOf(await ask(["user_agent"], { kind: "in", dimension: "resolved_ip", values: [top.text] }));
}

type Transports = Pick<RecentTraffic, "webSocket" | "http" | "webSocketAgents">;

async function readTransports(ask: Ask): Promise<Transports> {
  const dimensions: readonly Dimension[] = ["api", "outcome", "reason", "resolved_ip"];
  const webSocket = (await ask(dimensions, IS_WEB_SOCKET)).map(outcomeOf);
  if (webSocket.reduce((sum, { requests }) => sum + requests, 0) < MIN_REQUESTS) return { webSocket: [], http: [], webSocketAgents: NONE };
  const apis = new Set(webSocket.map(({ api }) => api));
  const ofApis: Filter = {
    kind: "or",
    of: [
      { kind: "in", dimension: "api", values: [...apis].filter((api) => api !== undefined) },
      ...(apis.has(undefined) ? [{ kind: "absent", dimension: "api" } as const] : []),
    ],
  };
  const http = (await ask(dimensions, ofApis, { kind: "not", of: IS_WEB_SOCKET })).map(outcomeOf);
  return { webSocket, http, webSocketAgents: spreadOf(await ask(["user_agent"], IS_WEB_SOCKET)) };
}

function outcomeOf(group: Group): Outcome {
  const [api, outcome, reason, resolvedIp] = group.values;
  return { api, outcome, reason, resolvedIp, requests: timesOf(group) };
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
