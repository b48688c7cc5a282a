import { type Prefix, prefixContains } from "../ip/prefix.ts";
import { createPrefixSet, type PrefixSet, setContains } from "../ip/prefix-set.ts";
import type { AddressWords } from "../ip/words.ts";
import type { Peer } from "./request.ts";

/** One entry of a trust list as it was configured, with the networks that it stands for. */
export type TrustRule = { readonly text: string; readonly prefixes: readonly Prefix[] };

/** Whom a policy trusts to tell the truth about the hop before it. */
export type TrustList = {
  readonly rules: readonly TrustRule[];
  readonly prefixes: PrefixSet;
  /** Whether a peer without an address is trusted (`unix:` in the list). */
  readonly isUnixTrusted: boolean;
};

/** Builds a trust list. */
export function createTrustList(rules: readonly TrustRule[], isUnixTrusted: boolean): TrustList {
  return { rules, prefixes: createPrefixSet(rules.flatMap((rule) => rule.prefixes)), isUnixTrusted };
}

/** Whether the list trusts an address. */
export function trustsAddress(list: TrustList, words: AddressWords): boolean {
  return setContains(list.prefixes, words);
}

/** Whether the list trusts a peer. A peer whose text is no address is never trusted. */
export function trustsPeer(list: TrustList, peer: Peer): boolean {
  return peer.kind === "address" ? setContains(list.prefixes, peer.address.words) : peer.kind === "absent" && list.isUnixTrusted;
}

/** The first entry of the list that contains the address: what made it trusted. For explanations; it reads the whole list. */
export function trustRuleOf(list: TrustList, words: AddressWords): string {
  for (const rule of list.rules) {
    for (const prefix of rule.prefixes) {
      if (prefixContains(prefix, words)) return rule.prefixes.length === 1 ? rule.text : `${rule.text} (${prefix.text})`;
    }
  }
  return "";
}

/** What made a peer trusted. */
export function trustRuleOfPeer(list: TrustList, peer: Peer): string {
  return peer.kind === "address" ? trustRuleOf(list, peer.address.words) : "unix:";
}
