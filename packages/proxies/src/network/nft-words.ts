import { CONFIG_LIMITS } from "../limits.ts";
import { type Place, placesIn, type SourceText } from "../source.ts";
import { countStatement, type Notes, note, type Statement, type Word } from "../statement.ts";

/** What has a block of statements. Other braces hold the elements of a set, and are words. */
const OUTER_BLOCKS = ["table"];
const TABLE_BLOCKS = ["chain", "set", "map", "flowtable", "counter", "quota", "limit", "ct", "secmark", "synproxy"];

type Open = { readonly statement: Statement; readonly into: Statement[] };

/**
 * Parses the language of `nft`, as `nft list ruleset` writes it and as files for `nft -f` have it. Faults are noted and reading goes on.
 *
 * Source: nft(8), "Lexical conventions": a line end or `;` ends a statement, a backslash joins lines, `#` begins a comment.
 */
export function parseNft(source: SourceText, notes: Notes): readonly Statement[] {
  const placeAt = placesIn(source);
  const top: Statement[] = [];
  const open: Open[] = [];
  let into = top;
  let words: Word[] = [];
  const braces: Place[] = [];

  /** Whether there is still room for what was read. */
  function endStatement(block?: Statement[]): boolean {
    const [name, ...rest] = words;
    words = [];
    if (name === undefined) return true;
    const statement = { name: name.text, words: rest, place: name.place, ...(block && { block }) };
    if (!countStatement(notes, name.place)) return false;
    into.push(statement);
    if (block === undefined) return true;
    open.push({ statement, into });
    into = block;
    return true;
  }

  for (const { 0: whole, index } of source.text.matchAll(/\\\r?\n|\n|#[^\n]*|"[^"\n]*"?|[{};,]|[!=<>]=|[^\s{};,"#=!<>]+|[=!<>]/g)) {
    if (whole.startsWith("#") || /^\\\r?\n$/.test(whole)) continue;
    const isInline = braces.length > 0;
    if (whole === "\n" || (whole === ";" && !isInline)) {
      if (!isInline && !endStatement()) break;
      continue;
    }
    const place = placeAt(index);
    if (
      whole === "{" &&
      !isInline &&
      (open.length === 0 ? OUTER_BLOCKS : open.length === 1 ? TABLE_BLOCKS : []).includes(words[0]?.text ?? "")
    ) {
      if (!endStatement([])) break;
      continue;
    }
    if (whole === "}" && !isInline) {
      if (!endStatement()) break;
      const closed = open.pop();
      if (closed === undefined)
        note(notes, place, { code: "CONFIG_UNEXPECTED", expected: "a statement, or the end of the file", given: "}" });
      else into = closed.into;
      continue;
    }
    if (whole === "{") braces.push(place);
    if (whole === "}") braces.pop();
    if (braces.length > CONFIG_LIMITS.maxDepth) {
      note(notes, place, {
        code: "CONFIG_LIMIT_REACHED",
        expected: `at most ${CONFIG_LIMITS.maxDepth} braces in each other`,
        given: "more",
      });
      break;
    }
    words.push(wordOf(whole, place));
  }
  for (const place of [...open.map(({ statement }) => statement.place), ...braces].slice(0, 1)) {
    note(notes, place, { code: "CONFIG_NOT_CLOSED", expected: "} at the end of the block", given: "the end of the file" });
  }
  endStatement();
  return top;
}

function wordOf(whole: string, place: Place): Word {
  if (!whole.startsWith('"')) return { text: whole, place, isQuoted: false };
  return { text: whole.replace(/^"|"$/g, ""), place, isQuoted: true };
}

/** The elements between braces, each with its words. */
export function elementsIn(words: readonly Word[]): readonly (readonly Word[])[] {
  const elements: Word[][] = [[]];
  for (const word of words) {
    if (!word.isQuoted && (word.text === "{" || word.text === "}")) continue;
    if (!word.isQuoted && word.text === ",") elements.push([]);
    else elements.at(-1)?.push(word);
  }
  return elements.filter((element) => element.length > 0);
}
