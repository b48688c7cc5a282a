import { BlockStack } from "../block-stack.ts";
import { type Place, placesIn, type SourceText } from "../source.ts";
import { countStatement, type Notes, note, type Statement, type Word } from "../statement.ts";

/**
 * Parses nginx's configuration language. Faults are noted and reading goes on. A block of Lua or njs stays a word: it is no configuration.
 *
 * Source: nginx, `ngx_conf_read_token`: words end at blanks, `;` and `{`; quotes and backslashes keep them; `#` begins a comment at the start of a word.
 */
export function parseNginx(source: SourceText, notes: Notes): readonly Statement[] {
  const reader = createReader(source);
  const blocks = new BlockStack(notes, { plural: "blocks", endOf: (name) => `} for the block of ${name}` });
  let words: Word[] = [];
  for (let token = reader.next(); token.kind !== "end"; token = reader.next()) {
    if (token.kind === "unclosed") {
      note(notes, token.place, {
        code: "CONFIG_NOT_CLOSED",
        expected: `${token.text} at the end of the text`,
        given: "the end of the file",
      });
      break;
    }
    if (token.kind === "word") {
      words.push(token.word);
      continue;
    }
    const [name, ...rest] = words;
    words = [];
    if (token.kind === "}") {
      if (name !== undefined)
        note(notes, name.place, { code: "CONFIG_UNEXPECTED", expected: "; at the end of a directive", given: `${name.text} … }` });
      if (!blocks.end())
        note(notes, token.place, { code: "CONFIG_UNEXPECTED", expected: "a directive, or the end of the file", given: "}" });
      continue;
    }
    if (name === undefined) {
      note(notes, token.place, { code: "CONFIG_UNEXPECTED", expected: "the name of a directive", given: token.kind });
      if (token.kind === ";") continue;
    }
    if (!countStatement(notes, token.place)) break;
    const head = { name: name?.text ?? "", words: rest, place: name?.place ?? token.place };
    if (token.kind === ";") {
      blocks.add(head);
      continue;
    }
    if (/_by_lua_block$/.test(head.name)) {
      if (!reader.skipCode())
        note(notes, head.place, { code: "CONFIG_NOT_CLOSED", expected: `} for the block of ${head.name}`, given: "the end of the file" });
      blocks.add(head);
      continue;
    }
    if (!blocks.begin(head)) break;
  }
  const [lost] = words;
  if (lost !== undefined) note(notes, lost.place, { code: "CONFIG_UNEXPECTED", expected: "; at the end of a directive", given: lost.text });
  blocks.noteOpen();
  return blocks.top;
}

type Token =
  | { readonly kind: "word"; readonly word: Word }
  | { readonly kind: ";" | "{" | "}"; readonly place: Place }
  | { readonly kind: "unclosed"; readonly text: string; readonly place: Place }
  | { readonly kind: "end" };

const BLANK = /[ \t\r\n]/;

/** Braces of Lua, and what may hold braces that are none: comments and strings, of long ones their beginning. Source: Lua 5.1, 2.1 "Lexical Conventions". */
const LUA = /(?:--)?\[(=*)\[|--[^\n]*|"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|[{}]/g;

function createReader(source: SourceText): { next(): Token; skipCode(): boolean } {
  const { text } = source;
  const placeAt = placesIn(source);
  let at = 0;

  function next(): Token {
    skipBlanks();
    const char = text[at];
    if (char === undefined) return { kind: "end" };
    const start = at;
    if (char === ";" || char === "{" || char === "}") {
      at += 1;
      return { kind: char, place: placeAt(start) };
    }
    return char === '"' || char === "'" ? quoted(char, start) : bare(start);
  }

  function skipBlanks(): void {
    for (;;) {
      while (at < text.length && BLANK.test(text[at] ?? "")) at += 1;
      if (text[at] !== "#") return;
      const end = text.indexOf("\n", at);
      at = end === -1 ? text.length : end;
    }
  }

  function quoted(quote: string, start: number): Token {
    let word = "";
    for (at += 1; at < text.length; at += 1) {
      const char = text[at] ?? "";
      if (char === quote) {
        at += 1;
        return { kind: "word", word: { text: word, place: placeAt(start), isQuoted: true } };
      }
      if (char === "\\" && at + 1 < text.length) {
        at += 1;
        word += unescaped(text[at] ?? "");
      } else word += char;
    }
    return { kind: "unclosed", text: quote, place: placeAt(start) };
  }

  function bare(start: number): Token {
    let word = "";
    while (at < text.length) {
      const char = text[at] ?? "";
      if (BLANK.test(char) || char === ";") break;
      if (char === "{" && !word.endsWith("$")) break;
      if (char === "$" && text[at + 1] === "{") {
        const end = text.indexOf("}", at);
        const close = end === -1 ? text.length : end + 1;
        word += text.slice(at, close);
        at = close;
      } else if (char === "\\" && at + 1 < text.length) {
        word += unescaped(text[at + 1] ?? "");
        at += 2;
      } else {
        word += char;
        at += 1;
      }
    }
    return { kind: "word", word: { text: word, place: placeAt(start), isQuoted: false } };
  }

  /** Goes on behind the brace that closes a block of Lua. `false` when none does. */
  function skipCode(): boolean {
    let depth = 1;
    LUA.lastIndex = at;
    for (let match = LUA.exec(text); match !== null; match = LUA.exec(text)) {
      const [found, level] = match;
      if (found === "{") depth += 1;
      else if (found === "}") depth -= 1;
      if (level !== undefined) {
        const end = text.indexOf(`]${level}]`, LUA.lastIndex);
        if (end === -1) break;
        LUA.lastIndex = end;
      }
      at = LUA.lastIndex;
      if (depth === 0) return true;
    }
    at = text.length;
    return false;
  }

  return { next, skipCode };
}

const ESCAPED: Readonly<Record<string, string>> = { '"': '"', "'": "'", "\\": "\\", t: "\t", r: "\r", n: "\n" };

/** nginx keeps the backslash before everything else, as in a regular expression; also before what would end the word without it. */
function unescaped(char: string): string {
  return ESCAPED[char] ?? `\\${char}`;
}
