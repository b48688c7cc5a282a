import type { Include } from "../source.ts";
import { type Statement, textsOf, type Word } from "../statement.ts";
import { toldText } from "../told-text.ts";
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

/** What conditions of one section may name. */
export type Acls = {
  /** The `acl` lines by name. Several of one name hold when one of them does. */
  readonly lines: ReadonlyMap<string, readonly Statement[]>;
  /** What has been read already, so that conditions share it: names, and tests as they are written. */
  readonly known: Map<string, Term>;
  readonly include: Include;
};

/** The names that `acl` lines give. */
export function aclsOf(statements: readonly Statement[], include: Include): Acls {
  const lines = new Map<string, Statement[]>();
  for (const statement of statements) {
    const name = statement.words[0]?.text ?? "";
    const group = lines.get(name);
    if (group === undefined) lines.set(name, [statement]);
    else group.push(statement);
  }
  return { lines, known: new Map(), include };
}

/** Where in the words of a rule its condition begins; their number when it has none. */
export function conditionStart(words: readonly Word[]): number {
  const at = words.findIndex(({ text, isQuoted }) => !isQuoted && (text === "if" || text === "unless"));
  return at === -1 ? words.length : at;
}

/** Reads `if …` or `unless …`. Only a comparison of the source with networks, and a look whether a header is there, are understood; terms that all have to hold are not. */
export function readCondition(words: readonly Word[], acls: Acls): Condition {
  const [keyword, ...rest] = words;
  if (keyword === undefined) return { kind: "always" };
  const text = toldText(textOf(words));
  const alternatives = splitAt(textsOf(rest), ["||", "or"]).map((terms) => readTerm(terms, acls));
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
function readTerm(terms: readonly string[], acls: Acls): Term {
  const start = terms.findIndex((text) => !/^!+$/.test(text));
  const [signs = "", first = ""] = /^(!*)([^!].*)?$/s.exec(terms[start] ?? "")?.slice(1) ?? [];
  const count = terms.slice(0, Math.max(start, 0)).reduce((sum, text) => sum + text.length, signs.length);
  const rest = terms.slice(start + 1);
  const term = first === "{" ? readAnonymous(rest, acls) : rest.length === 0 ? readNamed(first, acls) : UNKNOWN;
  return count % 2 === 1 ? not(term) : term;
}

const UNKNOWN: Term = { kind: "unknown" };

function readAnonymous(words: readonly string[], acls: Acls): Term {
  if (words.indexOf("}") !== words.length - 1) return UNKNOWN;
  const test = words.slice(0, -1);
  return remembered(acls, { key: `{ ${test.join(" ")}`, read: () => readTest(test, acls) });
}

function readNamed(name: string, acls: Acls): Term {
  const lines = acls.lines.get(name);
  if (lines === undefined) return name === "TRUE" ? { kind: "always" } : UNKNOWN;
  return remembered(acls, { key: name, read: () => anyOf(lines.map(({ words }) => readTest(textsOf(words.slice(1)), acls))) });
}

function remembered({ known }: Acls, { key, read }: { readonly key: string; readonly read: () => Term }): Term {
  const term = known.get(key) ?? read();
  known.set(key, term);
  return term;
}

/** A fetch with its patterns: `src 10.0.0.0/8 -f lb.lst`, `req.hdr(x-real-ip) -m found`. */
function readTest([fetch = "", ...patterns]: readonly string[], { include }: Acls): Term {
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
      for (const { text } of files) for (const network of networksIn(text)) texts.push(network);
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
