import { lineAt } from "./tree.ts";

/** A string literal in a source file, with its escapes as written. A template literal counts only when nothing is filled in. */
export type Literal = { readonly value: string; readonly start: number; readonly line: number };

/** A regular expression written as a literal. */
export type RegExpLiteral = { readonly source: string; readonly flags: string; readonly line: number };

/** One TypeScript file, taken apart far enough to know which words are code. Not a parser: it knows nothing of types or scopes. */
export type ScannedSource = {
  /** As long as the source: comments, the insides of strings and of regular expressions are blanks. */
  readonly code: string;
  readonly literals: readonly Literal[];
  readonly regExps: readonly RegExpLiteral[];
};

/** A module named by an import, an export-from or `import()`. `specifier` is undefined when it is computed. */
export type ImportStatement = { readonly specifier: string | undefined; readonly line: number };

/** Takes a source file apart. Never throws: an unclosed string or comment reaches to the end of the file. */
export function scanSource(text: string): ScannedSource {
  const scan: Scan = { text, code: text.split(""), literals: [], regExps: [], at: 0 };
  scanCode(scan, false);
  return { code: scan.code.join(""), literals: scan.literals, regExps: scan.regExps };
}

/** Every module that a source file names, in order, whichever way it names it. Types count like values: a floor is about knowledge. */
export function importsOf(source: ScannedSource): ImportStatement[] {
  const found: { start: number; specifier: string | undefined }[] = [];
  const byStart = new Map(source.literals.map((literal) => [literal.start, literal.value]));
  for (const match of source.code.matchAll(/(?<![\w$.#])(?:import|export)\b[^;"'`(]*?\bfrom\s*(?=["'])|(?<![\w$.#])import\s*(?=["'])/g)) {
    const quote = match.index + match[0].length;
    found.push({ start: match.index, specifier: byStart.get(quote) });
  }
  for (const match of source.code.matchAll(/(?<![\w$.#])(?:import|require)\s*\(\s*/g)) {
    const argument = match.index + match[0].length;
    found.push({ start: match.index, specifier: byStart.get(argument) });
  }
  found.sort((a, b) => a.start - b.start);
  return found.map(({ start, specifier }) => ({ specifier, line: lineAt(source.code, start) }));
}

/** Every use of a name as a free word: not a property, not a key, not part of a longer word. `name` is the source of a regular expression. */
export function usesOfName(source: ScannedSource, name: string): { readonly line: number }[] {
  const pattern = new RegExp(`(?<![\\w$#]|(?<!\\.\\.)\\.\\s*)${name}(?![\\w$])`, "g");
  return [...source.code.matchAll(pattern)]
    .filter((match) => !isKey(source.code, match))
    .map((match) => ({ line: lineAt(source.code, match.index) }));
}

/** A colon after a name makes it a key, unless a question mark stands before the name. */
function isKey(code: string, match: RegExpExecArray): boolean {
  const after = code.slice(match.index + match[0].length, match.index + match[0].length + 40);
  return /^\s*\??:/.test(after) && !/\?\s*$/.test(code.slice(Math.max(0, match.index - 40), match.index));
}

type Scan = { readonly text: string; readonly code: string[]; readonly literals: Literal[]; readonly regExps: RegExpLiteral[]; at: number };

/** Goes through code up to the end, or up to the `}` that closes the `${` it began in. */
function scanCode(scan: Scan, inTemplate: boolean): void {
  let depth = 0;
  while (scan.at < scan.text.length) {
    const char = scan.text[scan.at];
    const pair = scan.text.slice(scan.at, scan.at + 2);
    if (pair === "//") blankTo(scan, endOf(scan, "\n", 0));
    else if (pair === "/*") blankTo(scan, endOf(scan, "*/", 2));
    else if (char === '"' || char === "'") scanString(scan, char);
    else if (char === "`") scanTemplate(scan);
    else if (char === "/" && beginsRegExp(scan)) scanRegExp(scan);
    else {
      if (char === "{") depth += 1;
      if (char === "}") {
        if (inTemplate && depth === 0) return;
        depth -= 1;
      }
      scan.at += 1;
    }
  }
}

function scanString(scan: Scan, quote: string): void {
  const start = scan.at;
  let end = start + 1;
  while (end < scan.text.length && scan.text[end] !== quote && scan.text[end] !== "\n") end += scan.text[end] === "\\" ? 2 : 1;
  scan.literals.push({ value: scan.text.slice(start + 1, end), start, line: lineAt(scan.text, start) });
  scan.at = start + 1;
  blankTo(scan, end);
  scan.at = end + 1;
}

function scanTemplate(scan: Scan): void {
  const start = scan.at;
  let isPlain = true;
  scan.at += 1;
  while (scan.at < scan.text.length && scan.text[scan.at] !== "`") {
    if (scan.text.startsWith("${", scan.at)) {
      isPlain = false;
      scan.at += 2;
      scanCode(scan, true);
      scan.at += 1;
    } else blankTo(scan, scan.at + (scan.text[scan.at] === "\\" ? 2 : 1));
  }
  if (isPlain) scan.literals.push({ value: scan.text.slice(start + 1, scan.at), start, line: lineAt(scan.text, start) });
  scan.at += 1;
}

/** A slash begins a regular expression where no value can have ended: after an operator, an opening bracket or such a word as `return`. */
function beginsRegExp(scan: Scan): boolean {
  const before = scan.code
    .slice(Math.max(0, scan.at - 200), scan.at)
    .join("")
    .trimEnd();
  if (before === "" || /[=(,:[!&|?{};+\-*%<>~^]$/.test(before)) return true;
  return /\b(?:return|typeof|case|in|of|do|else|void|delete|await|yield)$/.test(before);
}

function scanRegExp(scan: Scan): void {
  let end = scan.at + 1;
  let inClass = false;
  while (end < scan.text.length && scan.text[end] !== "\n" && (inClass || scan.text[end] !== "/")) {
    const char = scan.text[end];
    if (char === "[") inClass = true;
    if (char === "]") inClass = false;
    end += char === "\\" ? 2 : 1;
  }
  const flags = /^[a-z]*/.exec(scan.text.slice(end + 1, end + 10))?.[0] ?? "";
  scan.regExps.push({ source: scan.text.slice(scan.at + 1, end), flags, line: lineAt(scan.text, scan.at) });
  scan.at += 1;
  blankTo(scan, end);
  scan.at = end + 1;
}

function endOf(scan: Scan, mark: string, length: number): number {
  const found = scan.text.indexOf(mark, scan.at + length);
  return found === -1 ? scan.text.length : found + length;
}

/** Blanks the code from here to `end`, keeping line ends, and stands there. */
function blankTo(scan: Scan, end: number): void {
  for (; scan.at < end && scan.at < scan.text.length; scan.at += 1) {
    if (scan.text[scan.at] !== "\n") scan.code[scan.at] = " ";
  }
}
