import type { Prefix } from "wherefrom";
import type { ClientCounts } from "../event-store/activity.ts";

/** What one client did in a window, counted over events with a verified address alone. */
export type Activity = ClientCounts & {
  /** One address of IPv4, or one network of IPv6: who has a network changes addresses at will. */
  readonly client: Prefix;
};

/** All that is known of one window. */
export type ActivityWindow = {
  /** How many parts the window is divided in. */
  readonly parts: number;
  /** Of all clients, those whose address is not verified among them. */
  readonly requests: number;
  readonly clients: readonly Activity[];
};

/** A share of the client's requests: 0 to 1, and 0 of none. */
export function shareOf(count: number, requests: number): number {
  return requests === 0 ? 0 : count / requests;
}
