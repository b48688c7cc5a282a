import { type AddressKind, kindOfAddress, providersOf } from "@wherefrom/diagnosis";
import type { Spread } from "./recent-traffic.ts";

/** Requests with an address that no client on the internet has. */
export function localRequests({ values }: Spread): number {
  return values.reduce((sum, { text, requests }) => (isLocal(text) ? sum + requests : sum), 0);
}

/** Whether no client on the internet has it. */
export function isLocal(text: string): boolean {
  return ["private", "loopback", "mesh", "link-local"].includes(kindOf(text));
}

/** Requests with an address that a provider's proxies have. */
export function providerRequests({ values }: Spread): number {
  return values.reduce((sum, { text, requests }) => (isProvider(text) ? sum + requests : sum), 0);
}

/** Whether it is in a range that a provider reaches its customers by. */
export function isProvider(text: string): boolean {
  return providersOf(text).length > 0;
}

/** What kind of address it is. Of a truncated one its network tells. */
export function kindOf(text: string): AddressKind {
  return kindOfAddress(text.split("/", 1)[0] ?? "");
}
