import { type Activity, shareOf } from "./activity.ts";
import { type Spread, spreadOf } from "./spread.ts";

/** How many kinds of programs have to be behind an address that many people share. */
const MIN_USER_AGENTS = 12;
/** Most that one of them may have of the requests. */
const MAX_TOP_USER_AGENT_SHARE = 0.5;
/** A program of a person's asks more than once. Fewer requests for each is one program that changes its name. */
const MIN_REQUESTS_PER_USER_AGENT = 5;
/**
 * How far shares of many people together may be from that of a usual client, or one deviation where clients differ more. Chance averages out over many people,
 * so they are nearer to the middle than one of them may be.
 */
const MAX_DISTANCE = 0.2;

/** What is usual for the clients of a window. */
export type Usual = { readonly clientErrors: Spread; readonly staticRequests: Spread };

export function usualOf(clients: readonly Activity[]): Usual {
  return {
    clientErrors: spreadOf(clients.map((client) => shareOf(client.clientErrors, client.requests))),
    staticRequests: spreadOf(clients.map((client) => shareOf(client.staticRequests, client.requests))),
  };
}

/**
 * Whether it looks as if many people were behind the address, as behind a NAT: many programs, none of which has most of the requests, and together they do what
 * others do. Not a proof that they are honest: who imitates all of it passes for many people. So it changes what is said of a client, and hides none.
 */
export function looksShared(activity: Activity, usual: Usual): boolean {
  const { requests, userAgents } = activity;
  if (userAgents < MIN_USER_AGENTS || requests < userAgents * MIN_REQUESTS_PER_USER_AGENT) return false;
  if (shareOf(activity.topUserAgentRequests, requests) > MAX_TOP_USER_AGENT_SHARE) return false;
  return (
    isUsual(shareOf(activity.clientErrors, requests), usual.clientErrors) &&
    isUsual(shareOf(activity.staticRequests, requests), usual.staticRequests)
  );
}

function isUsual(share: number, { median, deviation }: Spread): boolean {
  return Math.abs(share - median) <= Math.max(MAX_DISTANCE, deviation);
}
