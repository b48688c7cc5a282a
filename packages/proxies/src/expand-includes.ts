import { includedFiles } from "./included-files.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import type { Include, Place, SourceText } from "./source.ts";
import { type Notes, note, type Statement } from "./statement.ts";

type IncludeOptions = {
  /** Names of the directives that include what each of their words names; and whether nothing need be there. */
  readonly directives: Readonly<Record<string, { readonly isOptional: boolean }>>;
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
      const directive = Object.hasOwn(options.directives, name) ? options.directives[name] : undefined;
      if (directive !== undefined) return words.flatMap(({ text }) => included(text, { place, depth, ...directive }));
      return statement.block === undefined ? [statement] : [{ ...statement, block: expand(statement.block, depth) }];
    });
  }

  function included(
    pattern: string,
    { place, depth, isOptional }: { readonly place: Place; readonly depth: number; readonly isOptional: boolean },
  ): readonly Statement[] {
    if (depth >= CONFIG_LIMITS.maxIncludeDepth || files >= CONFIG_LIMITS.maxFiles) {
      note(options.notes, place, { code: "CONFIG_LIMIT_REACHED", expected: "fewer includes", given: pattern });
      return [];
    }
    const found = includedFiles(pattern, { ...options, place, isOptional });
    files += found.length;
    return found.flatMap((source) => expand(options.parse(source, options.notes), depth + 1));
  }

  return expand(statements, 0);
}
