/** What a variable is asked for by name; `undefined` is null. */
export type ReadVariable = (name: string) => string | undefined;

/** A condition about one request, ready to be asked. */
export type Condition = (read: ReadVariable) => boolean;

/** Where a text is no condition. `at` counts characters from 0. */
export type ConditionFault = { readonly at: number; readonly expected: string; readonly given: string };

/** A variable that a condition asks for. `at` counts characters from 0. */
export type NamedVariable = { readonly name: string; readonly at: number };

export type ConditionReading =
  | { readonly kind: "condition"; readonly condition: Condition; readonly variables: readonly NamedVariable[] }
  | { readonly kind: "fault"; readonly fault: ConditionFault };

const MAX_LENGTH = 2_048;
/** Parentheses and nots inside each other. */
const MAX_DEPTH = 32;

/**
 * Reads a condition in the grammar of Apigee's flow conditions: `request.verb = "GET" and (proxy.pathsuffix MatchesPath "/a/**")`.
 *
 * Not the whole of it: there is no JavaRegex (`~~`), because an expression could stall the gateway that asks it.
 * Source: Apigee, "Conditions reference".
 */
export function parseCondition(text: string): ConditionReading {
  if (text.length > MAX_LENGTH) {
    return { kind: "fault", fault: { at: MAX_LENGTH, expected: `at most ${MAX_LENGTH} characters`, given: `${text.length}` } };
  }
  try {
    const parser = new Parser(text);
    return { kind: "condition", condition: parser.whole(), variables: parser.variables };
  } catch (error) {
    if (error instanceof Unreadable) return { kind: "fault", fault: error.fault };
    throw error;
  }
}

class Unreadable extends Error {
  readonly fault: ConditionFault;

  constructor(fault: ConditionFault) {
    super(fault.expected);
    this.fault = fault;
  }
}

type Token = { readonly kind: "text" | "word" | "sign"; readonly text: string; readonly at: number };

const SIGNS = ["=|", "~~", "~/", ":=", "!=", ">=", "<=", "&&", "||", "=", ">", "<", "~", "!", "(", ")"] as const;
const WORD = /[A-Za-z0-9_.\-[\]]+/y;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    if (/\s/.test(text[at] ?? "")) {
      at += 1;
      continue;
    }
    const token = textAt(text, at) ?? signAt(text, at) ?? wordAt(text, at);
    if (token === undefined)
      throw new Unreadable({ at, expected: "a variable, an operator or a text in quotes", given: text.slice(at, at + 10) });
    tokens.push(token);
    at += token.kind === "text" ? lengthOfText(text, at) : token.text.length;
  }
  return tokens;
}

function signAt(text: string, at: number): Token | undefined {
  const sign = SIGNS.find((candidate) => text.startsWith(candidate, at));
  return sign && { kind: "sign", text: sign, at };
}

function wordAt(text: string, at: number): Token | undefined {
  WORD.lastIndex = at;
  const word = WORD.exec(text)?.[0];
  return word === undefined ? undefined : { kind: "word", text: word, at };
}

function lengthOfText(text: string, at: number): number {
  const end = text.indexOf('"', at + 1);
  if (end === -1) throw new Unreadable({ at, expected: "a quote that ends the text", given: "the end" });
  return end - at + 1;
}

function textAt(text: string, at: number): Token | undefined {
  if (text[at] !== '"') return undefined;
  return { kind: "text", text: text.slice(at + 1, at + lengthOfText(text, at) - 1), at };
}

type Operand = (read: ReadVariable) => string | undefined;
type Compare = (left: string | undefined, right: string | undefined) => boolean;

/** By every name that the reference gives them. */
const OPERATORS: Readonly<Record<string, Compare>> = {
  "=": isSame,
  equals: isSame,
  is: isSame,
  "!=": (left, right) => !isSame(left, right),
  notequals: (left, right) => !isSame(left, right),
  isnot: (left, right) => !isSame(left, right),
  ":=": isSameWithoutCase,
  equalscaseinsensitive: isSameWithoutCase,
  ">": ordered((order) => order > 0),
  greaterthan: ordered((order) => order > 0),
  ">=": ordered((order) => order >= 0),
  greaterthanorequals: ordered((order) => order >= 0),
  "<": ordered((order) => order < 0),
  lesserthan: ordered((order) => order < 0),
  "<=": ordered((order) => order <= 0),
  lesserthanorequals: ordered((order) => order <= 0),
  "~": withBoth(matchesGlob),
  matches: withBoth(matchesGlob),
  like: withBoth(matchesGlob),
  "~/": withBoth(matchesPath),
  matchespath: withBoth(matchesPath),
  likepath: withBoth(matchesPath),
  "=|": withBoth((left, right) => left.startsWith(right)),
  startswith: withBoth((left, right) => left.startsWith(right)),
};

class Parser {
  readonly variables: NamedVariable[] = [];
  readonly #tokens: readonly Token[];
  readonly #end: number;
  #next = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
    this.#end = text.length;
  }

  whole(): Condition {
    const condition = this.#either(0);
    if (this.#next < this.#tokens.length) throw this.#fault("and, or, or the end");
    return condition;
  }

  #either(depth: number): Condition {
    const parts = [this.#both(depth)];
    while (this.#takes("or", "||")) parts.push(this.#both(depth));
    return parts.length === 1 ? (parts[0] as Condition) : (read) => parts.some((part) => part(read));
  }

  #both(depth: number): Condition {
    const parts = [this.#one(depth)];
    while (this.#takes("and", "&&")) parts.push(this.#one(depth));
    return parts.length === 1 ? (parts[0] as Condition) : (read) => parts.every((part) => part(read));
  }

  #one(depth: number): Condition {
    if (depth > MAX_DEPTH) throw this.#fault(`at most ${MAX_DEPTH} parentheses inside each other`);
    if (this.#takes("not", "!")) {
      const inner = this.#one(depth + 1);
      return (read) => !inner(read);
    }
    if (this.#takes("(")) {
      const inner = this.#either(depth + 1);
      if (!this.#takes(")")) throw this.#fault("a closing parenthesis");
      return inner;
    }
    return this.#comparison();
  }

  #comparison(): Condition {
    const left = this.#operand("a variable");
    const operator = this.#tokens[this.#next];
    if (operator?.text === "~~" || operator?.text.toLowerCase() === "javaregex") throw this.#fault("an operator other than JavaRegex");
    const compare = operator?.kind === "text" ? undefined : OPERATORS[operator?.text.toLowerCase() ?? ""];
    if (compare === undefined) throw this.#fault("an operator, such as = or MatchesPath");
    this.#next += 1;
    const right = this.#operand("a text in quotes, a number, null or a variable");
    return (read) => compare(left(read), right(read));
  }

  #operand(expected: string): Operand {
    const token = this.#tokens[this.#next];
    if (token === undefined || token.kind === "sign") throw this.#fault(expected);
    this.#next += 1;
    const { text, at } = token;
    if (token.kind === "text" || text === "true" || text === "false" || /^-?[0-9]+(\.[0-9]+)?$/.test(text)) return () => text;
    if (text === "null") return () => undefined;
    this.variables.push({ name: text, at });
    return (read) => read(text);
  }

  #takes(...spellings: readonly string[]): boolean {
    const token = this.#tokens[this.#next];
    if (token === undefined || token.kind === "text" || !spellings.includes(token.text.toLowerCase())) return false;
    this.#next += 1;
    return true;
  }

  #fault(expected: string): Unreadable {
    const token = this.#tokens[this.#next];
    return new Unreadable({ at: token?.at ?? this.#end, expected, given: token?.text ?? "the end" });
  }
}

/** Two nulls are the same; a null and a text are not. */
function isSame(left: string | undefined, right: string | undefined): boolean {
  return left === right;
}

function isSameWithoutCase(left: string | undefined, right: string | undefined): boolean {
  return left?.toLowerCase() === right?.toLowerCase();
}

function withBoth(compare: (left: string, right: string) => boolean): Compare {
  return (left, right) => left !== undefined && right !== undefined && compare(left, right);
}

/** As numbers where both are, else by code unit. */
function ordered(holds: (order: number) => boolean): Compare {
  return withBoth((left, right) => {
    const [a, b] = [Number(left), Number(right)];
    const areNumbers = left.trim() !== "" && right.trim() !== "" && !Number.isNaN(a) && !Number.isNaN(b);
    return holds(areNumbers ? a - b : left < right ? -1 : left > right ? 1 : 0);
  });
}

/** `*` is any text, also none. Looks at each character of the text once for each star at the most. */
function matchesGlob(text: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return text === pattern;
  const last = rest.pop() ?? "";
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

/** `*` and `{name}` are one element of a path, `**` any number of them at the end. */
function matchesPath(path: string, pattern: string): boolean {
  const wanted = elementsOf(pattern);
  const given = elementsOf(path);
  const isOpen = wanted.at(-1) === "**";
  const fixed = isOpen ? wanted.slice(0, -1) : wanted;
  if (isOpen ? given.length < fixed.length : given.length !== fixed.length) return false;
  return fixed.every((element, at) => /^\{[^{}]*\}$/.test(element) || matchesGlob(given[at] ?? "", element));
}

function elementsOf(path: string): readonly string[] {
  return path.split("/").filter((element, at) => at > 0 || element !== "");
}
