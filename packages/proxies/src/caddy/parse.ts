import { CONFIG_LIMITS } from "../limits.ts";
import type { SourceText } from "../source.ts";
import { countStatement, type Notes, note, type Statement, type Word } from "../statement.ts";
import { linesOf } from "./lex.ts";

type Open = Statement & { block: Statement[] };

/** Parses a Caddyfile: a line is a statement, with a block when it ends in `{`. What `import` names is not put in its place yet. Global options have no name. */
export function parseCaddyfile(source: SourceText, notes: Notes): readonly Statement[] {
  const top: Statement[] = [];
  const open: Open[] = [];
  let addresses: Word[] = [];
  for (const line of linesOf(source, notes)) {
    const [first] = line;
    const last = line.at(-1);
    if (first === undefined || last === undefined) continue;
    if (isMark(first, "}")) {
      if (open.pop() === undefined)
        note(notes, first.place, { code: "CONFIG_UNEXPECTED", expected: "a directive, or the end of the file", given: "}" });
      const [, stray] = line;
      if (stray !== undefined) note(notes, stray.place, { code: "CONFIG_UNEXPECTED", expected: "the end of the line", given: stray.text });
      continue;
    }
    if (!countStatement(notes, first.place)) break;
    const words = [...addresses, ...line];
    // addresses of a site go on in the next line behind a comma
    if (open.length === 0 && !last.isQuoted && last.text.endsWith(",")) {
      addresses = words;
      continue;
    }
    addresses = [];
    const into = open.at(-1)?.block ?? top;
    const [name, ...rest] = isMark(last, "{") ? words.slice(0, -1) : words;
    const head = { name: name?.text ?? "", words: rest, place: name?.place ?? first.place };
    if (!isMark(last, "{")) {
      into.push(head);
      continue;
    }
    if (open.length >= CONFIG_LIMITS.maxDepth) {
      note(notes, head.place, {
        code: "CONFIG_LIMIT_REACHED",
        expected: `at most ${CONFIG_LIMITS.maxDepth} blocks in each other`,
        given: "more",
      });
      return top;
    }
    const statement: Open = { ...head, block: [] };
    into.push(statement);
    open.push(statement);
  }
  for (const { name, place } of open)
    note(notes, place, { code: "CONFIG_NOT_CLOSED", expected: `} for the block of ${name}`, given: "the end of the file" });
  return top;
}

function isMark({ text, isQuoted }: Word, mark: string): boolean {
  return !isQuoted && text === mark;
}
