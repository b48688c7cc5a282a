import type { Place, SourceText } from "../source.ts";
import { placesIn } from "../source.ts";
import type { Word } from "../statement.ts";

/**
 * The words of each line of a text that holds commands: a shell script, a Procfile, a unit, a Dockerfile. A backslash at the end joins lines. Blanks, brackets and commas between quotes end a word, so that the exec form of
 * a Dockerfile, `["uvicorn", "app:app"]`, gives the same words. Not a shell: nothing is expanded.
 */
export function commandLines(source: SourceText): readonly (readonly Word[])[] {
  const placeAt = placesIn(source);
  const lines: Word[][] = [[]];
  for (const match of source.text.matchAll(
    /\\\r?\n|\n|#[^\n]*|"((?:[^"\\\n]|\\[^\n])*)"|'([^'\n]*)'|[^\s"'#[\],][^\s"']*(?:"[^"\n]*"|'[^'\n]*')?/g,
  )) {
    const [whole, double, single] = match;
    if (whole === "\n") lines.push([]);
    else if (!whole.startsWith("\\") && !whole.startsWith("#"))
      lines.at(-1)?.push(wordOf(double ?? single, { whole, place: placeAt(match.index) }));
  }
  return lines;
}

function wordOf(quoted: string | undefined, { whole, place }: { readonly whole: string; readonly place: Place }): Word {
  if (quoted !== undefined) return { text: quoted.replaceAll(/\\(.)/g, "$1"), place, isQuoted: true };
  // NAME="value" and --option='value'
  return { text: whole.replace(/(["'])([^"']*)\1$/, "$2"), place, isQuoted: false };
}
