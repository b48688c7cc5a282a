import { BlockStack } from "../block-stack.ts";
import type { SourceText } from "../source.ts";
import { countStatement, type Notes, note, type Statement, type Word } from "../statement.ts";
import { linesOf } from "./lex.ts";

/** Parses a Caddyfile: a line is a statement, with a block when it ends in `{`. What `import` names is not put in its place yet. Global options have no name. */
export function parseCaddyfile(source: SourceText, notes: Notes): readonly Statement[] {
  const blocks = new BlockStack(notes, { plural: "blocks", endOf: (name) => `} for the block of ${name}` });
  let addresses: Word[] = [];
  for (const line of linesOf(source, notes)) {
    const [first] = line;
    const last = line.at(-1);
    if (first === undefined || last === undefined) continue;
    if (isMark(first, "}")) {
      if (!blocks.end())
        note(notes, first.place, { code: "CONFIG_UNEXPECTED", expected: "a directive, or the end of the file", given: "}" });
      const [, stray] = line;
      if (stray !== undefined) note(notes, stray.place, { code: "CONFIG_UNEXPECTED", expected: "the end of the line", given: stray.text });
      continue;
    }
    if (!countStatement(notes, first.place)) break;
    // addresses of a site go on in the next line behind a comma
    if (blocks.innermost === undefined && !last.isQuoted && last.text.endsWith(",")) {
      for (const word of line) addresses.push(word);
      continue;
    }
    const words = [...addresses, ...line];
    addresses = [];
    const [name, ...rest] = isMark(last, "{") ? words.slice(0, -1) : words;
    const head = { name: name?.text ?? "", words: rest, place: name?.place ?? first.place };
    if (!isMark(last, "{")) blocks.add(head);
    else if (!blocks.begin(head)) return blocks.top;
  }
  blocks.noteOpen();
  return blocks.top;
}

function isMark({ text, isQuoted }: Word, mark: string): boolean {
  return !isQuoted && text === mark;
}
