/** A configuration as text, under the name that its reader knows it by. */
export type SourceText = { readonly name: string; readonly text: string };

/** Where something stands: line and column count from 1, the column in UTF-16 units. */
export type Place = { readonly file: string; readonly line: number; readonly column: number };

/** What an include gives: the files that it names, in the order in which they are read, and what was not read. */
export type Included = {
  readonly files: readonly SourceText[];
  readonly skipped: readonly { readonly name: string; readonly why: SkippedWhy }[];
};

/** Why a file that is named was not read. */
export type SkippedWhy = "not-there" | "outside-root" | "not-regular" | "too-large" | "unreadable" | "too-many";

/** Finds what an include names: a path or a pattern, relative to where the first file stands. Not called for what the reader can do by itself. */
export type Include = (pattern: string) => Included;

/** An include for a text that stands alone: nothing is there. */
export const includeNothing: Include = (pattern) => ({ files: [], skipped: [{ name: pattern, why: "outside-root" }] });

/** Tells the place of an offset in a text. */
export function placesIn({ name, text }: SourceText): (offset: number) => Place {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    const line = lastUpTo(starts, offset);
    return { file: name, line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
  };
}

/** Where the last of ascending numbers stands that is not greater than a value; 0 where all are. */
export function lastUpTo(numbers: readonly number[], value: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((numbers[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
