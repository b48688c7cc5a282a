import { parseKeptAddress } from "../event-store/address-keeper.ts";
import { DIMENSIONS, type DimensionKind } from "../event-store/dimensions.ts";
import type { Filter } from "../event-store/filter.ts";
import { shownValue } from "../http/violations.ts";
import { NOT_SET, STATS_DIMENSIONS, type StatsDimension } from "./stats-names.ts";
import { likePattern, similarPattern } from "./stats-pattern.ts";

export type FilterReading =
  | { readonly kind: "filter"; readonly filter: Filter }
  | { readonly kind: "faults"; readonly descriptions: readonly string[] };

const MAX_LENGTH = 4_096;
/** Parentheses and nots inside each other. */
const MAX_DEPTH = 32;
/** Faults that are told. Whoever has more has mistaken the language. */
const MAX_FAULTS = 10;

/**
 * Reads a filter in Apigee's language: `(response_status_code ge 400 and apiproxy in 'books','music')`.
 *
 * An event matches or does not. One without a value has the value `(not set)`: it equals that alone, and neither compares with anything nor fits a pattern;
 * `ne`, `notin`, `isnot`, `not like` and `not similar to` are the opposites of what they deny.
 *
 * Faults are told of each clause by itself, and where they are: how many characters stand before. Behind one of the whole, such as a parenthesis that is missing, nothing
 * is read any more.
 *
 * Source: Apigee, "Analytics metrics, dimensions, and filters reference", filters.
 */
export function readStatsFilter(text: string): FilterReading {
  const faults: string[] = [];
  try {
    if (text.length > MAX_LENGTH) throw new Unreadable(`Expected at most ${MAX_LENGTH} characters, received ${text.length}`);
    const filter = new Parser(text, (fault) => faults.push(fault)).whole();
    if (faults.length === 0) return { kind: "filter", filter };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    faults.push(error.message);
  }
  return { kind: "faults", descriptions: faults.slice(0, MAX_FAULTS) };
}

class Unreadable extends Error {}

type Token = { readonly kind: "text" | "word" | "sign" | "end"; readonly text: string; readonly at: number };

const TOKEN = /\s*(?:'(?<text>(?:[^']|'')*)'|(?<word>[A-Za-z0-9_.:-]+)|(?<sign>[(),]))/y;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const whole = text.trimEnd();
  for (let at = 0; at < whole.length; ) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(whole);
    if (match === null) {
      const rest = whole.slice(at).trimStart();
      throw new Unreadable(
        `At ${whole.length - rest.length}: Expected a name, an operator or a text in single quotes, received ${shownValue(rest.slice(0, 20))}`,
      );
    }
    const { text: quoted, word, sign } = match.groups ?? {};
    const begins = TOKEN.lastIndex - match[0].trimStart().length;
    if (quoted !== undefined) tokens.push({ kind: "text", text: quoted.replaceAll("''", "'"), at: begins });
    else tokens.push({ kind: word === undefined ? "sign" : "word", text: word ?? sign ?? "", at: begins });
    at = TOKEN.lastIndex;
  }
  return [...tokens, { kind: "end", text: "", at: whole.length }];
}

/** Operators that take one value, and those that are the opposites of others. */
const COMPARISONS: Readonly<Record<string, "<" | "<=" | ">" | ">=">> = { lt: "<", le: "<=", gt: ">", ge: ">=" };
const OPERATORS = "eq, ne, gt, ge, lt, le, in, notin, is null, isnot null, like, not like, similar to or not similar to";

class Parser {
  readonly #tokens: readonly Token[];
  readonly #onFault: (description: string) => void;
  #next = 0;

  /** `onFault` is told of clauses that cannot be read. */
  constructor(text: string, onFault: (description: string) => void) {
    this.#tokens = tokensOf(text);
    this.#onFault = onFault;
  }

  whole(): Filter {
    const filter = this.#any(0);
    if (this.#token.kind !== "end") this.#fail("and, or, or the end");
    return filter;
  }

  #any(depth: number): Filter {
    if (depth > MAX_DEPTH) this.#fail(`at most ${MAX_DEPTH} parentheses inside each other`);
    const of = [this.#all(depth)];
    while (this.#takeWord("or")) of.push(this.#all(depth));
    return of.length === 1 ? (of[0] as Filter) : { kind: "or", of };
  }

  #all(depth: number): Filter {
    const of = [this.#one(depth)];
    while (this.#takeWord("and")) of.push(this.#one(depth));
    return of.length === 1 ? (of[0] as Filter) : { kind: "and", of };
  }

  #one(depth: number): Filter {
    if (!this.#takeSign("(")) return this.#clauseOrFault();
    const filter = this.#any(depth + 1);
    if (!this.#takeSign(")")) this.#fail("and, or, or a closing parenthesis");
    return filter;
  }

  /** Goes on behind a clause that cannot be read, unless nothing is there. */
  #clauseOrFault(): Filter {
    const begin = this.#next;
    try {
      return this.#clause();
    } catch (error) {
      if (!(error instanceof Unreadable) || this.#token.kind === "end") throw error;
      this.#next = begin;
      this.#skipClause();
      this.#onFault(error.message);
      return { kind: "and", of: [] };
    }
  }

  /** To the next `and`, `or`, or parenthesis that closes one before it. */
  #skipClause(): void {
    for (let depth = 0; this.#token.kind !== "end"; this.#next += 1) {
      const { kind, text } = this.#token;
      if (kind === "word" && depth === 0 && ["and", "or"].includes(text.toLowerCase())) return;
      if (kind !== "sign" || text === ",") continue;
      depth += text === "(" ? 1 : -1;
      if (depth < 0) return;
    }
  }

  #clause(): Filter {
    const { text } = this.#token;
    const named = this.#token.kind === "word" && Object.hasOwn(STATS_DIMENSIONS, text) ? STATS_DIMENSIONS[text] : undefined;
    if (named === undefined) return this.#fail(`a dimension (${Object.keys(STATS_DIMENSIONS).join(", ")}) or a parenthesis`);
    this.#next += 1;
    const isDenied = this.#takeWord("not");
    const filter = this.#predicate(named, isDenied);
    return isDenied ? { kind: "not", of: filter } : filter;
  }

  #predicate(named: StatsDimension, isDenied: boolean): Filter {
    const { dimension } = named;
    const kind = DIMENSIONS[dimension];
    if (this.#takeWord("in")) return this.#isIn(named);
    if (kind === "text" && this.#takeWord("like")) return { kind: "matches", dimension, pattern: likePattern(this.#text()) };
    if (kind === "text" && this.#takeWord("similar")) return { kind: "matches", dimension, pattern: this.#similar() };
    if (isDenied) this.#fail("like, similar to or in");
    if (this.#takeWord("notin")) return { kind: "not", of: this.#isIn(named) };
    if (this.#takeWord("is")) return this.#absent(named, this.#takeWord("not"));
    if (this.#takeWord("isnot")) return this.#absent(named, true);
    if (this.#takeWord("eq")) return this.#equals(named, [this.#value(named)]);
    if (this.#takeWord("ne")) return { kind: "not", of: this.#equals(named, [this.#value(named)]) };
    const operator = kind === "address" ? undefined : COMPARISONS[this.#token.text.toLowerCase()];
    if (this.#token.kind !== "word" || operator === undefined) return this.#fail(operatorsOf(kind));
    this.#next += 1;
    return { kind: "compare", dimension, operator, value: this.#value(named, { mayBeAbsent: false }) };
  }

  #isIn(named: StatsDimension): Filter {
    const isEnclosed = this.#takeSign("(");
    const values = [this.#value(named)];
    while (this.#takeSign(",")) values.push(this.#value(named));
    if (isEnclosed && !this.#takeSign(")")) this.#fail("a comma or a closing parenthesis");
    return this.#equals(named, values);
  }

  #equals({ dimension }: StatsDimension, values: readonly string[]): Filter {
    const set = values.filter((value) => value !== NOT_SET);
    const absent: Filter = { kind: "absent", dimension };
    if (set.length === 0) return absent;
    const isIn: Filter = { kind: "in", dimension, values: set };
    return set.length === values.length ? isIn : { kind: "or", of: [isIn, absent] };
  }

  #absent({ dimension }: StatsDimension, isDenied: boolean): Filter {
    if (!this.#takeWord("null")) this.#fail("null");
    return isDenied ? { kind: "not", of: { kind: "absent", dimension } } : { kind: "absent", dimension };
  }

  #similar(): string {
    if (!this.#takeWord("to")) this.#fail("to");
    const pattern = similarPattern(this.#text());
    if (pattern !== undefined) return pattern;
    this.#next -= 1;
    return this.#fail("a pattern of SIMILAR TO");
  }

  #text(): string {
    const { kind, text } = this.#token;
    if (kind !== "text") this.#fail("a text in single quotes");
    this.#next += 1;
    return text;
  }

  /** A value in the text that the store has for it. */
  #value({ dimension, words }: StatsDimension, { mayBeAbsent = true }: { readonly mayBeAbsent?: boolean } = {}): string {
    const { kind, text } = this.#token;
    if (kind === "text" && text === NOT_SET && mayBeAbsent) {
      this.#next += 1;
      return text;
    }
    const isNumber = DIMENSIONS[dimension] === "number" && words === undefined;
    const isAddress = DIMENSIONS[dimension] === "address";
    const value = kind === "text" || (kind === "word" && isNumber) ? storedValue({ text, isNumber, isAddress, words }) : undefined;
    if (value === undefined) return this.#fail(wantedValue({ isNumber, isAddress, words }));
    this.#next += 1;
    return value;
  }

  get #token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #takeWord(word: string): boolean {
    const isThere = this.#token.kind === "word" && this.#token.text.toLowerCase() === word;
    if (isThere) this.#next += 1;
    return isThere;
  }

  #takeSign(sign: string): boolean {
    const isThere = this.#token.kind === "sign" && this.#token.text === sign;
    if (isThere) this.#next += 1;
    return isThere;
  }

  #fail(expected: string): never {
    const { kind, text, at } = this.#token;
    throw new Unreadable(`At ${at}: Expected ${expected}, received ${kind === "end" ? "the end" : shownValue(text)}`);
  }
}

type Wanted = { readonly isNumber: boolean; readonly isAddress: boolean; readonly words: StatsDimension["words"] };

function storedValue({ text, isNumber, isAddress, words }: Wanted & { readonly text: string }): string | undefined {
  if (words !== undefined) {
    const index = words.all.indexOf(text);
    return index === -1 ? undefined : String(words.first + index);
  }
  if (isNumber) return /^-?[0-9]{1,15}(?:\.[0-9]{1,9})?$/.test(text) ? text : undefined;
  if (isAddress) return parseKeptAddress(text) === undefined ? undefined : text;
  return text;
}

function wantedValue({ isNumber, isAddress, words }: Wanted): string {
  if (words !== undefined) return `one of ${words.all.join(", ")} in single quotes`;
  if (isNumber) return "a number";
  return isAddress ? "an address in single quotes" : "a text in single quotes";
}

function operatorsOf(kind: DimensionKind): string {
  if (kind === "text") return OPERATORS;
  return kind === "number" ? "eq, ne, gt, ge, lt, le, in, notin, is null or isnot null" : "eq, ne, in, notin, is null or isnot null";
}
