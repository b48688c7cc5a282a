/** The line on which an offset stands, from 1. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

/** What stands in the brackets that open at an offset, up to a length; strings in it are not looked into. */
export function argumentsAt(text: string, open: number, maxLength = 500): string {
  let depth = 0;
  for (let at = open; at < text.length && at < open + maxLength; at += 1) {
    if (text[at] === "(") depth += 1;
    if (text[at] === ")" && --depth === 0) return text.slice(open + 1, at);
  }
  return "";
}

/** The texts in quotes, in their order. */
export function stringsIn(text: string): readonly string[] {
  return [...text.matchAll(/"([^"\n]*)"|'([^'\n]*)'|`([^`\n$]*)`/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** Whether the line that an offset stands on is a comment up to there. */
export function isInComment(text: string, offset: number, mark: "#" | "//"): boolean {
  return text
    .slice(text.lastIndexOf("\n", offset - 1) + 1, offset)
    .trimStart()
    .startsWith(mark);
}
