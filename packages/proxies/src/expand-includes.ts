import { includedFiles } from "./included-files.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import type { Include, Place, SourceText } from "./source.ts";
import { type Notes, note, type Statement } from "./statement.ts";

type IncludeOptions = {
  /** Names of the directives that include; their first word says what. */
  readonly directives: readonly string[];
  readonly parse: (source: SourceText, notes: Notes) => readonly Statement[];
  readonly include: Include;
  readonly notes: Notes;
};

/** Puts what is included in the place of what includes it. A file that includes itself stops at the depth that is read. */
export function expandIncludes(statements: readonly Statement[], options: IncludeOptions): readonly Statement[] {
  let files = 0;

  function expand(block: readonly Statement[], depth: number): readonly Statement[] {
    return block.flatMap((statement) => {
      const { name, words, place } = statement;
      if (options.directives.includes(name)) return words.flatMap(({ text }) => included(text, place, depth));
      return statement.block === undefined ? [statement] : [{ ...statement, block: expand(statement.block, depth) }];
    });
  }

  function included(pattern: string, place: Place, depth: number): readonly Statement[] {
    if (depth >= CONFIG_LIMITS.maxIncludeDepth || files >= CONFIG_LIMITS.maxFiles) {
      note(options.notes, place, { code: "CONFIG_LIMIT_REACHED", expected: "fewer includes", given: pattern });
      return [];
    }
    const found = includedFiles(pattern, { ...options, place });
    files += found.length;
    return found.flatMap((source) => expand(options.parse(source, options.notes), depth + 1));
  }

  return expand(statements, 0);
}
