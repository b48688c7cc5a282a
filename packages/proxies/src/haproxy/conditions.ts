import type { Include } from "../source.ts";
import { type Statement, textsOf, type Word } from "../statement.ts";
import { trustIn } from "../trust.ts";
import { textOf } from "./parse.ts";

/** When a rule holds. */
export type Condition =
  | { readonly kind: "always" }
  /** By whether the source is in one of these networks. */
  | { readonly kind: "source"; readonly entries: readonly string[]; readonly isInside: boolean; readonly text: string }
  /** By whether a header is there. */
  | { readonly kind: "header"; readonly header: string; readonly isThere: boolean; readonly text: string }
  /** By what only a request shows. */
  | { readonly kind: "unknown"; readonly text: string };

type ConditionOptions = {
  /** The `acl` lines of the section. Several of one name hold when one of them does. */
  readonly acls: readonly Statement[];
  readonly include: Include;
};

/** Where in the words of a rule its condition begins; their number when it has none. */
export function conditionStart(words: readonly Word[]): number {
  const at = words.findIndex(({ text, isQuoted }) => !isQuoted && (text === "if" || text === "unless"));
  return at === -1 ? words.length : at;
}

/** Reads `if …` or `unless …`. Only a comparison of the source with networks, and a look whether a header is there, are understood; terms that all have to hold are not. */
export function readCondition(words: readonly Word[], options: ConditionOptions): Condition {
  const [keyword, ...rest] = words;
  if (keyword === undefined) return { kind: "always" };
  const text = textOf(words);
  const alternatives = splitAt(textsOf(rest), ["||", "or"]).map((terms) => readTerm(terms, options));
  const [first] = alternatives;
  const read = first !== undefined && alternatives.length === 1 ? first : anyOf(alternatives);
  return withText(keyword.text === "unless" ? not(read) : read, text);
}

type Term = { readonly kind: "always" | "never" | "unknown" } | Source | Header;
type Source = { readonly kind: "source"; readonly entries: readonly string[]; readonly isInside: boolean };
type Header = { readonly kind: "header"; readonly header: string; readonly isThere: boolean };

function withText(term: Term, text: string): Condition {
  switch (term.kind) {
    case "always":
      return { kind: "always" };
    case "source":
    case "header":
      return { ...term, text };
    case "never":
    case "unknown":
      return { kind: "unknown", text };
  }
}

/** One term, with a `!` in front or not: `{ src 10.0.0.0/8 }`, or the name of an `acl`. */
function readTerm(terms: readonly string[], options: ConditionOptions): Term {
  let isNegated = false;
  let [first = "", ...rest] = terms;
  while (first.startsWith("!")) {
    isNegated = !isNegated;
    if (first === "!") [first = "", ...rest] = rest;
    else first = first.slice(1);
  }
  const term = first === "{" ? readAnonymous(rest, options) : rest.length === 0 ? readNamed(first, options) : UNKNOWN;
  return isNegated ? not(term) : term;
}

const UNKNOWN: Term = { kind: "unknown" };

function readAnonymous(words: readonly string[], options: ConditionOptions): Term {
  return words.indexOf("}") === words.length - 1 ? readTest(words.slice(0, -1), options) : UNKNOWN;
}

function readNamed(name: string, options: ConditionOptions): Term {
  const lines = options.acls.filter(({ words }) => words[0]?.text === name);
  if (lines.length > 0) return anyOf(lines.map(({ words }) => readTest(textsOf(words.slice(1)), options)));
  return name === "TRUE" ? { kind: "always" } : UNKNOWN;
}

/** A fetch with its patterns: `src 10.0.0.0/8 -f lb.lst`, `req.hdr(x-real-ip) -m found`. */
function readTest([fetch = "", ...patterns]: readonly string[], { include }: ConditionOptions): Term {
  if (fetch === "always_true" && patterns.length === 0) return { kind: "always" };
  if (fetch === "src") return readNetworks(patterns, include);
  const [, isCount, header] = /^(?:req\.)?f?hdr(_cnt)?\(([^(),]+)\)$/.exec(fetch) ?? [];
  if (header === undefined) return UNKNOWN;
  const said = patterns.join(" ");
  const isAsked = isCount === undefined ? said === "-m found" : ["gt 0", "ge 1"].includes(said);
  return isAsked ? { kind: "header", header: header.toLowerCase(), isThere: true } : UNKNOWN;
}

function readNetworks(patterns: readonly string[], include: Include): Term {
  const texts: string[] = [];
  for (let at = 0; at < patterns.length; at += 1) {
    const pattern = patterns[at] ?? "";
    if (pattern === "-f") {
      at += 1;
      const { files, skipped } = include(patterns[at] ?? "");
      if (skipped.length > 0 || files.length === 0) return UNKNOWN;
      for (const { text } of files) texts.push(...networksIn(text));
    } else if (pattern.startsWith("-") && !["-n", "--"].includes(pattern)) return UNKNOWN;
    else if (!pattern.startsWith("-")) texts.push(pattern);
  }
  const { trust, strange } = trustIn(texts);
  if (strange.length > 0) return UNKNOWN;
  if (trust.kind === "everybody") return { kind: "always" };
  return trust.kind === "list" ? { kind: "source", entries: trust.entries, isInside: true } : { kind: "never" };
}

/** The patterns of a file: one a line, `#` in front of a comment. */
function networksIn(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function not(term: Term): Term {
  switch (term.kind) {
    case "always":
      return { kind: "never" };
    case "never":
      return { kind: "always" };
    case "source":
      return { ...term, isInside: !term.isInside };
    case "header":
      return { ...term, isThere: !term.isThere };
    case "unknown":
      return term;
  }
}

/** Terms of which one has to hold. Networks come to one list. */
function anyOf(terms: readonly Term[]): Term {
  if (terms.some(({ kind }) => kind === "always")) return { kind: "always" };
  const said = terms.filter(({ kind }) => kind !== "never");
  const [first, ...others] = said;
  if (first === undefined) return { kind: "never" };
  if (others.length === 0) return first;
  const sources = said.filter((term) => term.kind === "source" && term.isInside);
  if (sources.length < said.length) return UNKNOWN;
  return { kind: "source", isInside: true, entries: sources.flatMap((term) => (term.kind === "source" ? term.entries : [])) };
}

function splitAt(words: readonly string[], separators: readonly string[]): readonly (readonly string[])[] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (separators.includes(word)) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}
