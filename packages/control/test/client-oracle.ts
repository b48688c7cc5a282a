import type { TrafficEvent } from "@wherefrom/model";
import fc from "fast-check";
import type { ActivityQuestion, CountedClients } from "../src/event-store/activity.ts";

/** Addresses that events have, and the client that each is of. */
const CLIENTS: Readonly<Record<string, string>> = {
  "203.0.113.7": "203.0.113.7/32",
  "203.0.113.8": "203.0.113.8/32",
  "255.255.255.255": "255.255.255.255/32",
  "::1": "::/64",
  "2001:db8::1": "2001:db8::/64",
  "2001:db8::ffff:ffff:ffff:ffff": "2001:db8::/64",
  "2001:db8:0:1::": "2001:db8:0:1::/64", // the next network begins with it
  "::fffe:203.0.113.7": "::/64", // beside the mapped ones
};
const PATHS = ["/", "/a.css", "/a.CSS", "/b.js", "/b.jsx", "/css", "/c.js/x", "/.js", "/a.b.js", "/a\n.js", "/a.js "];
const STATIC: ReadonlySet<string> = new Set(["/a.css", "/a.CSS", "/b.js", "/.js", "/a.b.js", "/a\n.js"]);
const AGENTS = ["a", "A", "", "curl/8"];

const absentOr = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(value, { nil: undefined });

export const anyClientEvent: fc.Arbitrary<TrafficEvent> = fc
  .record({
    time: fc.integer({ min: 900, max: 2_100 }),
    sampleRate: fc.constantFrom(undefined, undefined, 0.5, 0.25),
    path: fc.constantFrom(...PATHS),
    status: absentOr(fc.constantFrom(200, 399, 400, 401, 403, 403, 499, 500)),
    fault: absentOr(fc.constantFrom("CLIENT_DENIED", "TARGET_UNREACHABLE")),
    resolvedIp: absentOr(fc.constantFrom(...Object.keys(CLIENTS))),
    trust: fc.constantFrom("verified" as const, "verified" as const, "unverified" as const, undefined),
    userAgent: absentOr(fc.constantFrom(...AGENTS)),
  })
  .map((fields) => ({
    organization: "local",
    environment: "demo",
    gateway: "edge-1",
    revision: 1,
    method: "GET",
    isComplete: true,
    durationMs: 1,
    requestBytes: 0,
    responseBytes: 0,
    ...(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as typeof fields),
  })) as fc.Arbitrary<TrafficEvent>;

export const anyActivityQuestion: fc.Arbitrary<ActivityQuestion> = fc.record({
  from: fc.constantFrom(0, 1_000, 1_001),
  until: fc.constantFrom(1_500, 2_000),
  parts: fc.constantFrom(1, 7, 100),
  staticEndings: fc.constant(["css", "js"]),
  maxClients: fc.constantFrom(1, 3, 1_000),
});

/** Counts clients by going through all events, as plainly as can be. */
export function countClientsSlowly(all: readonly TrafficEvent[], question: ActivityQuestion): CountedClients {
  const { from, until, parts, maxClients } = question;
  const events = all.filter(({ time }) => time >= from && time < until);
  const named = new Map<string, TrafficEvent[]>();
  for (const event of events) {
    const client = CLIENTS[event.resolvedIp ?? ""];
    if (client !== undefined && event.trust === "verified") named.set(client, [...(named.get(client) ?? []), event]);
  }
  const most = [...named].sort(([left, those], [right, others]) => others.length - those.length || numberOf(left) - numberOf(right));
  const partMs = Math.ceil((until - from) / parts);
  const clients = most.slice(0, maxClients).map(([client, those]) => {
    const accused = those.filter(({ fault, status = 0 }) => fault !== "CLIENT_DENIED" && status >= 400 && status < 500);
    const statics = those.filter(({ path }) => STATIC.has(path));
    const agents = new Set(those.flatMap(({ userAgent }) => userAgent ?? []));
    return {
      client,
      requests: weightOf(those),
      clientErrors: weightOf(accused),
      forbidden: weightOf(accused.filter(({ status }) => status === 403)),
      staticRequests: weightOf(statics),
      staticPaths: new Set(statics.map(({ path }) => path)).size,
      userAgents: agents.size,
      topUserAgentRequests: Math.max(0, ...[...agents].map((agent) => weightOf(those.filter(({ userAgent }) => userAgent === agent)))),
      activeParts: new Set(those.map(({ time }) => Math.floor((time - from) / partMs))).size,
    };
  });
  return { requests: weightOf(events), clients, isWhole: named.size <= maxClients };
}

function weightOf(events: readonly TrafficEvent[]): number {
  return events.reduce((sum, { sampleRate = 1 }) => sum + 1 / sampleRate, 0);
}

/** The order of clients with as many events: that of their 16 bytes. */
function numberOf(client: string): number {
  return ["::/64", "203.0.113.7/32", "203.0.113.8/32", "255.255.255.255/32", "2001:db8::/64", "2001:db8:0:1::/64"].indexOf(client);
}
