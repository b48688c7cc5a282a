import { type Place, placesIn, type SourceText } from "../source.ts";
import { countOther, countStatement, type Notes, note, type Statement, textsOf, type Word } from "../statement.ts";

/** Words that begin a section. Only the sections in which connections are taken and passed on are read. */
const SECTIONS: ReadonlySet<string> = new Set(
  "global defaults frontend backend listen peers resolvers mailers userlist program cache http-errors ring log-forward fcgi-app crt-store crt-list traces acme".split(
    " ",
  ),
);
const READ: ReadonlySet<string> = new Set(["defaults", "frontend", "backend", "listen"]);

/**
 * Parses HAProxy's configuration language into its sections, each with its lines. Lines between `.if` and `.endif` are not read, and that is noted: which of them hold is decided when it starts.
 *
 * Source: HAProxy, configuration manual, 2.2 "Quoting and escaping" and 2.4 "Conditional blocks". A line is a statement; no character joins lines.
 */
export function parseHaproxy(source: SourceText, notes: Notes): readonly Statement[] {
  const sections: (Statement & { block: Statement[] })[] = [];
  let section: (Statement & { block: Statement[] }) | undefined;
  let conditionals = 0;
  for (const words of linesOf(source, notes)) {
    const [first, ...rest] = words;
    if (first === undefined) continue;
    const { text: name, place } = first;
    if (name === ".if") {
      if (conditionals === 0)
        note(notes, place, { code: "CONFIG_NOT_UNDERSTOOD", expected: "lines that always hold", given: textOf(words) });
      conditionals += 1;
    }
    if (name === ".endif") conditionals = Math.max(0, conditionals - 1);
    if (conditionals > 0 || name.startsWith(".")) continue;
    if (!countStatement(notes, place)) break;
    if (SECTIONS.has(name)) {
      section = { name, words: rest, place, block: [] };
      sections.push(section);
    } else if (section === undefined)
      note(notes, place, { code: "CONFIG_UNEXPECTED", expected: "a section, as frontend NAME", given: name });
    else if (READ.has(section.name)) section.block.push({ name, words: rest, place });
    else countOther(notes, section.name);
  }
  return sections.filter(({ name }) => READ.has(name));
}

/** The words of each line. */
function* linesOf(source: SourceText, notes: Notes): Generator<readonly Word[]> {
  const placeAt = placesIn(source);
  let start = 0;
  for (const line of source.text.split("\n")) {
    const offset = start;
    start += line.length + 1;
    yield wordsOf(line.endsWith("\r") ? line.slice(0, -1) : line, { placeAt: (at) => placeAt(offset + at), notes });
  }
}

type LineOptions = { readonly placeAt: (at: number) => Place; readonly notes: Notes };

/** The words of one line: blanks end them, quotes and backslashes keep them, `#` begins a comment. */
function wordsOf(line: string, { placeAt, notes }: LineOptions): readonly Word[] {
  const words: Word[] = [];
  let word: { text: string; start: number; isQuoted: boolean } | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] ?? "";
    const isBlank = quote === "" && (char === " " || char === "\t");
    if (quote === "" && char === "#") break;
    if (isBlank) {
      if (word !== undefined) words.push({ text: word.text, place: placeAt(word.start), isQuoted: word.isQuoted });
      word = undefined;
      continue;
    }
    word ??= { text: "", start: at, isQuoted: false };
    if (char === quote) quote = "";
    else if (quote === "" && (char === '"' || char === "'")) {
      quote = char;
      word.isQuoted = true;
    } else if (char === "\\" && quote !== "'" && at + 1 < line.length) {
      at += 1;
      word.text += line[at] ?? "";
    } else word.text += char;
  }
  if (word !== undefined) words.push({ text: word.text, place: placeAt(word.start), isQuoted: word.isQuoted });
  if (quote !== "" && word !== undefined)
    note(notes, placeAt(word.start), { code: "CONFIG_NOT_CLOSED", expected: `${quote} in the same line`, given: line.slice(word.start) });
  return words;
}

/** Words as they stand in a line, with one blank between them. */
export function textOf(words: readonly Word[]): string {
  return textsOf(words).join(" ");
}
