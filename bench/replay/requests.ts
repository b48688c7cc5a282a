import { diceOf } from "../events/dice.ts";

/** A request of the replay, and what an event has to say of it. Known from how it was made, not from anything that resolves. */
export type ReplayRequest = {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly string[];
  readonly facts: Facts;
};

/** By the names of the stats' dimensions; `undefined` is absent. */
export type Facts = {
  readonly apiproxy: string | undefined;
  readonly request_verb: string;
  readonly response_status_code: string;
  readonly ax_resolved_client_ip: string;
  readonly trust: string;
  readonly outcome: string;
  readonly reason: string | undefined;
  readonly useragent: string | undefined;
  readonly responseBytes: number;
};

/** The policy that the requests are made for: the peer of all of them and the proxies that they name are trusted, and what rejects falls back to the peer. */
export const REPLAY_POLICY: Readonly<Record<string, unknown>> = {
  trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] },
  fallback: "PEER",
};

/** One for each first part of a path; there is none for `lost`. */
export const REPLAY_APIS = ["books", "music", "search"] as const;

const STATUSES = [200, 200, 200, 200, 304, 404, 500, 503];
/** As they are sent, and as events have them: a backslash is written twice. */
const AGENTS = [
  { sent: "Mozilla/5.0 (X11; Linux x86_64)", kept: "Mozilla/5.0 (X11; Linux x86_64)" },
  { sent: "curl/8.5.0", kept: "curl/8.5.0" },
  { sent: "it's/1,0 (\\ %_)", kept: "it's/1,0 (\\\\ %_)" },
  undefined,
];
const METHODS = ["GET", "GET", "GET", "DELETE"];
const CLIENTS = 3_000;
/** What anybody can write in front: an address of somebody else, or of a proxy, or none. */
const FORGED = ["198.51.100.66", "10.0.0.1", "unknown", "", "203.0.113.300", "::1", '"'];

/** The request of this number: the same each time. */
export function replayRequest(index: number): ReplayRequest {
  const dice = diceOf(index);
  const pick = <Value>(values: readonly Value[]): Value => values[dice(values.length)] as Value;
  const api = dice(50) === 0 ? undefined : pick(REPLAY_APIS);
  const [method, status, bytes, agent] = [pick(METHODS), pick(STATUSES), dice(40) * 25, pick(AGENTS)];
  const chain = chainOf(dice);
  return {
    method,
    path: `/${api ?? "lost"}/bytes/${status === 304 ? 0 : bytes}/${status}`,
    fields: [...chain.fields, ...(agent === undefined ? [] : [`User-Agent: ${agent.sent}`])],
    facts: {
      apiproxy: api,
      request_verb: method,
      response_status_code: String(api === undefined ? 404 : status),
      ...chain.facts,
      useragent: agent?.kept,
      // the answer to a path without a route is the gateway's own
      responseBytes: api === undefined || status === 304 ? 0 : bytes,
    },
  };
}

type Chain = { readonly fields: readonly string[]; readonly facts: Pick<Facts, "ax_resolved_client_ip" | "trust" | "outcome" | "reason"> };

const VERIFIED = { trust: "verified", outcome: "resolved", reason: undefined } as const;

/** An honest chain, one whose left part is forged, or one that gives no client. */
function chainOf(dice: (bound: number) => number): Chain {
  const client = dice(CLIENTS);
  const address = client % 5 === 0 ? `2001:db8::${(client + 1).toString(16)}` : `203.0.${client >> 8}.${client & 255}`;
  const proxies = Array.from({ length: dice(3) }, () => `10.0.0.${dice(250) + 1}`);
  const found = { ...VERIFIED, ax_resolved_client_ip: address };
  switch (dice(8)) {
    case 0:
      return {
        fields: dice(2) === 0 ? [] : ["X-Forwarded-For: ,"],
        facts: { ax_resolved_client_ip: "127.0.0.1", trust: "unverified", outcome: "fallback", reason: "header-absent" },
      };
    case 1:
      return {
        fields: [`X-Forwarded-For: ${[address, "unknown", ...proxies].join(", ")}`],
        facts: { ax_resolved_client_ip: "127.0.0.1", trust: "unverified", outcome: "fallback", reason: "hop-not-an-address" },
      };
    case 2:
    case 3:
    case 4:
      return { fields: [`X-Forwarded-For: ${[FORGED[dice(FORGED.length)], address, ...proxies].join(", ")}`], facts: found };
    case 5:
      // over two lines, of which the first is the client's own
      return {
        fields: [`X-Forwarded-For: ${FORGED[dice(FORGED.length)]}`, `X-Forwarded-For: ${[address, ...proxies].join(",")}`],
        facts: found,
      };
    default:
      return { fields: [`X-Forwarded-For: ${[address, ...proxies].join(", ")}`], facts: found };
  }
}
