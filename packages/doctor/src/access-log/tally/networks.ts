import type { Prefix } from "wherefrom";
import type { AddressKey } from "./address-key.ts";

/** The 65,536 networks that the first 16 bits tell apart, of each family: 1 where a prefix touches one. Most addresses lie in none that any does, and need not be looked for. */
export type Networks = { readonly four: Uint8Array; readonly six: Uint8Array };

export function networksOf(prefixes: readonly Prefix[]): Networks {
  const networks = { four: new Uint8Array(65_536), six: new Uint8Array(65_536) };
  for (const { first, length } of prefixes) {
    const start = (first.family === 4 ? first.w3 : first.w0) >>> 16;
    (first.family === 4 ? networks.four : networks.six).fill(1, start, start + 2 ** Math.max(0, 16 - length));
  }
  return networks;
}

/** Whether a prefix touches the network that an address lies in. */
export function isTouched({ four, six }: Networks, { text, bits }: Pick<AddressKey, "text" | "bits">): boolean {
  if (text === undefined) return four[bits >>> 16] === 1;
  // what is no address is nobody's, and is looked at
  return six[Number.parseInt(text.slice(0, text.indexOf(":")), 16)] !== 0;
}
