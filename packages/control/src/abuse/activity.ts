import type { Prefix } from "wherefrom";

/** What one client did in a window of time, counted over its events. Of the texts that it sent only their number is kept. */
export type Activity = {
  /** One address of IPv4, or one network of IPv6: who has a network changes addresses at will. */
  readonly client: Prefix;
  /** False when any of the events has an address that nobody vouches for. */
  readonly isVerified: boolean;
  readonly requests: number;
  /** Answered by 400 to 499. */
  readonly clientErrors: number;
  /** Answered by 403. */
  readonly forbidden: number;
  /** For files that are the same for everybody: pictures, scripts, style sheets, fonts, films, documents. */
  readonly staticRequests: number;
  /** Different paths of these. */
  readonly staticPaths: number;
  /** Different values of User-Agent. */
  readonly userAgents: number;
  /** Requests with the value that most of them had. */
  readonly topUserAgentRequests: number;
  /** Of the equal parts that the window is divided in, those in which it had a request. */
  readonly activeParts: number;
};

/** All that is known of one window. */
export type ActivityWindow = {
  /** How many parts the window is divided in. */
  readonly parts: number;
  readonly clients: readonly Activity[];
};

/** A share of the client's requests: 0 to 1, and 0 of none. */
export function shareOf(count: number, requests: number): number {
  return requests === 0 ? 0 : count / requests;
}
