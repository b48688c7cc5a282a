import { includedFiles } from "../included-files.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { Include, Place, SourceText } from "../source.ts";
import { countExpanded, countStatement, type Notes, note, type Statement, type Word } from "../statement.ts";
import { parseCaddyfile } from "./parse.ts";

/** Snippets, and routes with a name, by name. */
type Named = Map<string, readonly Statement[]>;

type ImportOptions = { readonly include: Include; readonly notes: Notes };

/**
 * Puts what is imported in the place of what imports it: a snippet that stands before, or files. Arguments take the places of `{args[0]}` and `{args.0}`. Files are found from the folder of the main file.
 *
 * Source: Caddy, "Caddyfile Directives", `import`.
 */
export function expandImports(statements: readonly Statement[], { include, notes }: ImportOptions): readonly Statement[] {
  const snippets: Named = new Map();
  let files = 0;

  function expand(
    block: readonly Statement[],
    { args, depth }: { readonly args: readonly string[]; readonly depth: number },
  ): readonly Statement[] {
    const out: Statement[] = [];
    for (const given of block) {
      if (depth > 0 && !countStatement(notes, given.place)) return out;
      const statement = depth === 0 ? given : withArguments(given, { args, notes });
      if (statement === undefined) return out;
      const snippet = /^\(([^()]+)\)$/.exec(statement.name)?.[1];
      if (snippet !== undefined) snippets.set(snippet, statement.block ?? []);
      else if (statement.name === "import") for (const line of imported(statement, depth)) out.push(line);
      else out.push(statement.block === undefined ? statement : { ...statement, block: expand(statement.block, { args, depth }) });
    }
    return out;
  }

  function imported({ words: [name, ...rest], place }: Statement, depth: number): readonly Statement[] {
    if (name === undefined) return [];
    if (depth >= CONFIG_LIMITS.maxIncludeDepth || files >= CONFIG_LIMITS.maxFiles) {
      note(notes, place, { code: "CONFIG_LIMIT_REACHED", expected: "fewer imports", given: name.text });
      return [];
    }
    const args = rest.map(({ text }) => text);
    const blocks = snippets.has(name.text)
      ? [snippets.get(name.text) ?? []]
      : filesOf(name.text, place).map((source) => parseCaddyfile(source, notes));
    return blocks.flatMap((block) => expand(block, { args, depth: depth + 1 }));
  }

  function filesOf(pattern: string, place: Place): readonly SourceText[] {
    const found = includedFiles(pattern, { include, notes, place });
    files += found.length;
    return found;
  }

  return expand(statements, { args: [], depth: 0 });
}

type Given = { readonly args: readonly string[]; readonly notes: Notes };

/** A line with its arguments; `undefined` when all of them together stand for more than is read. */
function withArguments({ name, words, ...statement }: Statement, { args, notes }: Given): Statement | undefined {
  let units = 0;
  const isRoom = (texts: readonly string[]): boolean => {
    for (const text of texts) units += text.length + 1;
    return notes.expanded + units <= CONFIG_LIMITS.maxExpandedUnits;
  };
  // what has no argument stays, as a placeholder that nobody knows
  const replaced = (text: string): string =>
    text.replaceAll(ARGUMENT, (whole, index: string) => {
      const arg = args[Number(index)];
      return arg !== undefined && isRoom([arg]) ? arg : whole;
    });
  const own = words.flatMap((word): readonly Word[] => {
    if (word.text !== "{args[:]}") return [word.text.includes("{args") ? { ...word, text: replaced(word.text) } : word];
    return isRoom(args) ? args.map((text) => ({ ...word, text })) : [word];
  });
  const line = { ...statement, name: replaced(name), words: own };
  return countExpanded(notes, statement.place, units) ? line : undefined;
}

const ARGUMENT = /\{args[[.](\d{1,3})\]?\}/g;
