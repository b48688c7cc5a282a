import { BlockStack } from "../block-stack.ts";
import { lastUpTo, type Place, placesIn, type SourceText } from "../source.ts";
import { countStatement, type Notes, note, type Statement, type Word } from "../statement.ts";

/**
 * Parses Apache's configuration language. Names of directives and sections come out in lower case, a section's with `<` in front.
 *
 * Source: Apache, "Configuration Files", and `ap_getword_conf`: a backslash at the end joins lines, `#` begins a comment only where a line begins, quotes keep blanks.
 */
export function parseApache(source: SourceText, notes: Notes): readonly Statement[] {
  const blocks = new BlockStack(notes, { plural: "sections", endOf: (name) => `</${name.slice(1)}>` });
  for (const { text, place, placeAt } of linesOf(source)) {
    if (text.startsWith("</")) {
      close(text, { blocks, place, notes });
      continue;
    }
    if (!countStatement(notes, place)) break;
    const isSection = text.startsWith("<");
    if (isSection && !text.endsWith(">")) note(notes, place, { code: "CONFIG_NOT_CLOSED", expected: "> in the same line", given: text });
    const inner = isSection ? text.slice(1).replace(/>$/, "") : text;
    const [name, ...words] = wordsOf(inner, { placeAt: (at) => placeAt(isSection ? at + 1 : at), notes });
    if (name === undefined) continue;
    const head = { name: `${isSection ? "<" : ""}${name.text.toLowerCase()}`, words, place };
    if (!isSection) blocks.add(head);
    else if (!blocks.begin(head)) return blocks.top;
  }
  blocks.noteOpen();
  return blocks.top;
}

function close(
  text: string,
  { blocks, place, notes }: { readonly blocks: BlockStack; readonly place: Place; readonly notes: Notes },
): void {
  const name = /^<\/\s*([^\s>]+)\s*>$/.exec(text)?.[1]?.toLowerCase() ?? "";
  const last = blocks.innermost;
  if (last?.name === `<${name}`) blocks.end();
  else
    note(notes, place, {
      code: "CONFIG_UNEXPECTED",
      expected: last === undefined ? "a directive" : `</${last.name.slice(1)}>`,
      given: text,
    });
}

type Line = { readonly text: string; readonly place: Place; readonly placeAt: (at: number) => Place };

/** Lines with something in them, those that a backslash joins taken together: nothing stands between them then. */
function* linesOf(source: SourceText): Generator<Line> {
  const placeIn = placesIn(source);
  let start = 0;
  let joined = "";
  /** Where the lines that are joined begin: in what they make, and in the source. */
  let begins: number[] = [];
  let starts: number[] = [];
  for (const raw of source.text.split("\n")) {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    begins.push(joined.length);
    starts.push(start);
    start += raw.length + 1;
    if (line.endsWith("\\") && !line.endsWith("\\\\")) {
      joined += line.slice(0, -1);
      continue;
    }
    const whole = joined + line;
    const text = whole.trim();
    if (text !== "" && !text.startsWith("#")) {
      const offset = whole.length - whole.trimStart().length;
      const [own, sources] = [begins, starts];
      const placeAt = (at: number): Place => {
        const part = lastUpTo(own, offset + at);
        return placeIn(offset + at - (own[part] ?? 0) + (sources[part] ?? 0));
      };
      yield { text, place: placeAt(0), placeAt };
    }
    joined = "";
    begins = [];
    starts = [];
  }
}

function wordsOf(text: string, { placeAt, notes }: { readonly placeAt: (at: number) => Place; readonly notes: Notes }): readonly Word[] {
  const words: Word[] = [];
  for (let at = 0; at < text.length; ) {
    const char = text[at] ?? "";
    if (/\s/.test(char)) {
      at += 1;
      continue;
    }
    const start = at;
    if (char === '"' || char === "'") {
      let word = "";
      for (at += 1; at < text.length && text[at] !== char; at += 1) {
        if (text[at] === "\\" && (text[at + 1] === char || text[at + 1] === "\\")) at += 1;
        word += text[at] ?? "";
      }
      if (at >= text.length)
        note(notes, placeAt(start), { code: "CONFIG_NOT_CLOSED", expected: `${char} in the same line`, given: text.slice(start) });
      at += 1;
      words.push({ text: word, place: placeAt(start), isQuoted: true });
    } else {
      while (at < text.length && !/\s/.test(text[at] ?? "")) at += 1;
      words.push({ text: text.slice(start, at), place: placeAt(start), isQuoted: false });
    }
  }
  return words;
}
