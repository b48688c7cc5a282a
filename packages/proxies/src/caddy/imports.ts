import { UNREAD_EXPECTED } from "../expand-includes.ts";
import { CONFIG_LIMITS } from "../limits.ts";
import type { Include, Place, SourceText } from "../source.ts";
import { countStatement, type Notes, note, type Statement, type Word } from "../statement.ts";
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
      const statement = depth === 0 ? given : withArguments(given, args);
      const snippet = /^\(([^()]+)\)$/.exec(statement.name)?.[1];
      if (depth > 0 && !countStatement(notes, statement.place)) return out;
      if (snippet !== undefined) snippets.set(snippet, statement.block ?? []);
      else if (statement.name === "import") out.push(...imported(statement, depth));
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
    const { files: found, skipped } = include(pattern);
    files += found.length;
    for (const { name, why } of skipped) note(notes, place, { code: "CONFIG_INCLUDE_UNREAD", expected: UNREAD_EXPECTED[why], given: name });
    return found;
  }

  return expand(statements, { args: [], depth: 0 });
}

function withArguments({ name, words, ...statement }: Statement, args: readonly string[]): Statement {
  const own = words.flatMap((word) => (word.text === "{args[:]}" ? args.map((text) => ({ ...word, text })) : [withArgument(word, args)]));
  return { ...statement, name: replaced(name, args), words: own };
}

function withArgument(word: Word, args: readonly string[]): Word {
  return { ...word, text: replaced(word.text, args) };
}

/** What has no argument stays, as a placeholder that nobody knows. */
function replaced(text: string, args: readonly string[]): string {
  return text.replaceAll(/\{args[[.](\d{1,3})\]?\}/g, (whole, index: string) => args[Number(index)] ?? whole);
}
