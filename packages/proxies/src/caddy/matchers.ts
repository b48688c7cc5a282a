import type { Statement } from "../statement.ts";
import { toldText, toldTexts } from "../told-text.ts";
import { trustIn } from "../trust.ts";
import { PRIVATE_RANGES } from "./trusted.ts";

/** For which requests a directive holds. */
export type Matcher =
  | { readonly kind: "all" }
  /** By whether the peer is in one of these networks. */
  | { readonly kind: "peer"; readonly entries: readonly string[]; readonly isInside: boolean; readonly text: string }
  /** By what only a request shows. */
  | { readonly kind: "unknown"; readonly text: string };

/** Matchers that a block names, by their name with `@`, and those of the blocks around it. */
export type Matchers = { readonly own: ReadonlyMap<string, Matcher>; readonly outer: Matchers | undefined };

/** No matcher is named. */
export const NO_MATCHERS: Matchers = { own: new Map(), outer: undefined };

/** Adds those that a block defines. */
export function matchersIn(outer: Matchers, block: readonly Statement[]): Matchers {
  const own = block.filter(({ name }) => name.startsWith("@")).map((statement) => [statement.name, readMatcher(statement)] as const);
  return own.length === 0 ? outer : { own: new Map(own), outer };
}

/** Whether a word is a matcher: it stands first. */
export function isMatcher(text: string | undefined): boolean {
  return text !== undefined && /^(?:\*$|\/|@)/.test(text);
}

/** The matcher that a word names. */
export function matcherOf(text: string, matchers: Matchers): Matcher {
  if (text === "*") return { kind: "all" };
  for (let level: Matchers | undefined = matchers; level !== undefined; level = level.outer) {
    const matcher = level.own.get(text);
    if (matcher !== undefined) return matcher;
  }
  return { kind: "unknown", text: toldText(text) };
}

/** `@name remote_ip NETWORKS`, `@name not remote_ip NETWORKS`, in one line or as the one line of a block. Of other matchers only the name is told. */
function readMatcher({ name, words, block }: Statement): Matcher {
  const lines = words.length > 0 ? [words] : (block ?? []).map((line) => [{ ...line.words[0], text: line.name }, ...line.words]);
  const [line, ...others] = lines;
  const unknown: Matcher = { kind: "unknown", text: name };
  const texts = line?.map(({ text }) => text) ?? [];
  const isInside = texts[0] !== "not";
  const [module, ...networks] = isInside ? texts : texts.slice(1);
  if (others.length > 0 || module !== "remote_ip") return unknown;
  const { trust, strange } = trustIn(networks.flatMap((text) => (text === "private_ranges" ? PRIVATE_RANGES : [text])));
  return strange.length > 0 || trust.kind !== "list"
    ? unknown
    : { kind: "peer", entries: trust.entries, isInside, text: toldTexts([name, ...texts]) };
}
