/** A place in a text that knows its line. Moves forward only. */
export type Cursor = {
  at: number;
  readonly text: string;
  /** The line of the place, from 1. */
  line(): number;
};

export function openCursor(text: string): Cursor {
  let countedTo = 0;
  let line = 1;
  return {
    at: 0,
    text,
    line() {
      for (let at = text.indexOf("\n", countedTo); at !== -1 && at < this.at; at = text.indexOf("\n", at + 1)) {
        line += 1;
        countedTo = at + 1;
      }
      return line;
    },
  };
}

/** Moves over the characters that belong to a class. */
export function pass(cursor: Cursor, belongs: (character: string) => boolean): void {
  while (cursor.at < cursor.text.length && belongs(cursor.text[cursor.at] as string)) cursor.at += 1;
}

/** Moves over the characters that belong to a class, and gives them. */
export function take(cursor: Cursor, belongs: (character: string) => boolean): string {
  const start = cursor.at;
  pass(cursor, belongs);
  return cursor.text.slice(start, cursor.at);
}

/** Moves to the line feed that ends the line, or to the end, and gives what is passed. */
export function takeLine(cursor: Cursor): string {
  return take(cursor, (character) => character !== "\n");
}

/** ECMAScript's white space and line ends, the byte order mark among them (ECMA-262 §12.2, §12.3). */
export function isScriptSpace(character: string): boolean {
  return character.trim() === "";
}

/** Python's `\s` in a text pattern: what `str.isspace` says, which is not the byte order mark. */
export function isPythonSpace(character: string): boolean {
  if (character === "\ufeff") return false;
  return character.trim() === "" || (character >= "\x1c" && character <= "\x1f") || character === "\x85";
}
