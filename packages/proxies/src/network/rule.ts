import type { Product, SourceRule } from "../description.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { Place } from "../source.ts";

/** Something that a rule asks of a connection. */
export type Match = {
  readonly kind:
    | "source"
    | "destination"
    | "in-interface"
    | "out-interface"
    | "protocol"
    | "port"
    | "family"
    /** Whether its destination was changed before. */
    | "redirected"
    | "other";
  /** Any of these fits; `undefined` where the rules do not say which. */
  readonly values: readonly string[] | undefined;
  readonly isNegated: boolean;
  /** As it is written; empty where it follows from another one. */
  readonly text: string;
};

/** Where a connection is sent in place of its destination. `text` as it is written. */
export type Target = { readonly text: string; readonly address?: string; readonly port?: string; readonly isHere: boolean };

/** What a rule does with a connection that fits. */
export type Action =
  | { readonly kind: "rewrite"; readonly source: SourceRule }
  | { readonly kind: "redirect"; readonly target: Target }
  /** Ends the chain that the kernel began with, and with it what this table does. */
  | { readonly kind: "accept" | "drop" }
  | { readonly kind: "return" }
  | { readonly kind: "jump" | "goto"; readonly chain: string }
  | { readonly kind: "none" }
  | { readonly kind: "unknown"; readonly text: string };

export type Rule = { readonly matches: readonly Match[]; readonly action: Action; readonly place: Place };

/** A rule as it is followed: of one that asks for more than is read, nobody can say what it does. */
export function withinAsked(rule: Rule): Rule {
  if (rule.matches.length <= CONFIG_LIMITS.maxAsked) return rule;
  const text = `a rule that asks for more than ${CONFIG_LIMITS.maxAsked} things`;
  return { matches: [{ kind: "other", values: undefined, isNegated: false, text }], action: { kind: "unknown", text }, place: rule.place };
}

/** A chain of rules for addresses. With a hook, the kernel begins with it; without one, rules lead to it. */
export type Chain = {
  readonly name: string;
  readonly place: Place;
  readonly hook?: "prerouting" | "input" | "postrouting";
  /** Of two chains at a hook, the lower one comes first. */
  readonly priority: number;
  readonly rules: readonly Rule[];
  /** The chains of its table, by name. */
  readonly siblings: ReadonlyMap<string, Chain>;
  /** Of which connections it sees any. */
  readonly families: readonly (4 | 6)[];
};

/** The rules of a packet filter that change addresses. */
export type Ruleset = { readonly product: Product; readonly chains: readonly Chain[]; readonly families: readonly (4 | 6 | undefined)[] };
