import { parseAddress } from "wherefrom";
import type { Trust } from "./description.ts";
import { covers, isTrusted } from "./trust.ts";

type Walk = { readonly peer: string; readonly trust: Trust; readonly publicBehind: Trust };

/**
 * Goes through elements from the right as long as a hop is trusted, and stays with the last one where the next is no address, or none that may be taken. `undefined` where nobody can say.
 *
 * Source: Apache, mod_remoteip.
 */
export function walkToPublic(elements: readonly string[], { peer, trust, publicBehind }: Walk): string | undefined {
  let client = peer;
  for (const element of elements.toReversed()) {
    const [isNext, isLimited] = [isTrusted(trust, client), isTrusted(publicBehind, client)];
    if (isNext === undefined || isLimited === undefined) return undefined;
    const address = parseAddress(element)?.text;
    if (!isNext || address === undefined || (isLimited && !isPublic(address))) break;
    client = address;
  }
  return client;
}

const NOT_PUBLIC = ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];

/** Of IPv6, only what is assigned for the internet is public. */
function isPublic(address: string): boolean {
  return address.includes(":") ? covers("2000::/3", address) : !NOT_PUBLIC.some((prefix) => covers(prefix, address));
}
