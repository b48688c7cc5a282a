import { parsePrefix } from "wherefrom";
import type { Activity, ActivityWindow } from "../src/abuse/activity.ts";
import type { Random } from "./crash-rounds.ts";

/** How one client behaves in a window. */
type Manner = {
  readonly requests: number;
  /** Shares of its requests. */
  readonly unauthorized: number;
  readonly forbidden: number;
  readonly statics: number;
  /** Different static files that it picks from. */
  readonly files: number;
  /** Different programs that it names, each as likely. */
  readonly userAgents: number;
  /** Share of the window, from its start, in which it is there. */
  readonly presence: number;
};

export type Planted = { readonly client: string; readonly manner: Manner };

export function between(random: Random, [low, high]: readonly [number, number]): number {
  return low + random() * (high - low);
}

/** A person with one browser: most of them ask little, a few ask much, and now and then a request is wrong. */
export function person(random: Random, { scale }: { readonly scale: number }): Manner {
  return {
    requests: Math.ceil(scale * (3 + 12 * -Math.log(1 - random()))),
    unauthorized: between(random, [0, 0.04]),
    forbidden: between(random, [0, 0.01]),
    statics: between(random, [0.3, 0.6]),
    files: 40,
    userAgents: 1,
    presence: between(random, [0.05, 0.4]),
  };
}

/** Makes each request by chance, and counts as a store of events would. */
export function windowOf(
  random: Random,
  { parts, planted }: { readonly parts: number; readonly planted: readonly Planted[] },
): ActivityWindow {
  const clients = planted.map((plant) => act(random, { parts, plant }));
  return { parts, requests: clients.reduce((sum, { requests }) => sum + requests, 0), clients };
}

function act(random: Random, { parts, plant: { client, manner } }: { readonly parts: number; readonly plant: Planted }): Activity {
  const reading = parsePrefix(client);
  if (reading.kind !== "prefix") throw new Error(`Not a client: ${client}`);
  let [clientErrors, forbidden, staticRequests] = [0, 0, 0];
  const files = new Set<number>();
  const active = new Set<number>();
  const agents = new Map<number, number>();
  for (let request = 0; request < manner.requests; request += 1) {
    active.add(Math.floor(random() * manner.presence * parts));
    const agent = Math.floor(random() * manner.userAgents);
    agents.set(agent, (agents.get(agent) ?? 0) + 1);
    const answer = random();
    if (answer < manner.unauthorized + manner.forbidden) clientErrors += 1;
    if (answer < manner.forbidden) forbidden += 1;
    if (random() >= manner.statics) continue;
    staticRequests += 1;
    files.add(Math.floor(random() * manner.files));
  }
  return {
    client: reading.prefix,
    requests: manner.requests,
    clientErrors,
    forbidden,
    staticRequests,
    staticPaths: files.size,
    userAgents: agents.size,
    topUserAgentRequests: Math.max(...agents.values()),
    activeParts: active.size,
  };
}
