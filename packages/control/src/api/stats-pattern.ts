/** Characters that mean something in a regular expression. */
const SYNTAX = /[\\^$.*+?()[\]{}|/]/;
const MAX_REPEATS = 100;

/** A pattern of LIKE as a regular expression of RE2: `%` is any text, `_` any character. */
export function likePattern(pattern: string): string {
  return [...pattern].map((char) => wildcard(char) ?? escaped(char)).join("");
}

/**
 * A pattern of SIMILAR TO as a regular expression of RE2; `undefined` for one that is none. There are `%`, `_`, `|`, `*`, `+`, `?`, `{2,3}` up to 100, parentheses,
 * `[a-z]` and `[^a-z]`; a backslash makes the next character an ordinary one.
 *
 * Source: SQL:1999, <similar predicate>.
 */
export function similarPattern(pattern: string): string | undefined {
  const chars = [...pattern];
  let result = "";
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? "";
    if (char === "\\") {
      at += 1;
      if (chars[at] === undefined) return undefined;
      result += escaped(chars[at] ?? "");
    } else if (char === "[") {
      const end = chars.indexOf("]", chars[at + 1] === "^" ? at + 3 : at + 2);
      if (end === -1) return undefined;
      result += classOf(chars.slice(at + 1, end));
      at = end;
    } else if (char === "(") {
      if (chars[at + 1] === "?") return undefined;
      result += "(?:";
    } else {
      result += wildcard(char) ?? ("|*+?{})".includes(char) ? (wildcard(char) ?? char) : escaped(char));
    }
  }
  return isExpression(result) ? result : undefined;
}

function classOf(chars: readonly string[]): string {
  const isNegated = chars[0] === "^";
  const inside = chars.slice(isNegated ? 1 : 0).map((char) => (/[\\^[\]]/.test(char) ? `\\${char}` : char));
  return `[${isNegated ? "^" : ""}${inside.join("")}]`;
}

/** What the stores take is less than what this engine takes: repetitions have no great bounds there. */
function isExpression(expression: string): boolean {
  const bounds = [...expression.matchAll(/(?<!\\)\{(?<bounds>[0-9,]*)\}/g)].flatMap(({ groups }) => (groups?.["bounds"] ?? "").split(","));
  if (bounds.some((bound) => Number(bound) > MAX_REPEATS)) return false;
  try {
    new RegExp(expression, "su");
    return true;
  } catch {
    return false;
  }
}

function wildcard(char: string): string | undefined {
  if (char === "%") return ".*";
  return char === "_" ? "." : undefined;
}

function escaped(char: string): string {
  return SYNTAX.test(char) ? `\\${char}` : char;
}
