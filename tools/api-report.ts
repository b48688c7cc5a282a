import { posix } from "node:path";

/** What a package offers: the part of its `package.json` that says so. */
export type Exports = Readonly<Record<string, { readonly types: string }>>;

/**
 * Writes down what users of a package can see, as one text: the declarations of each entry and of every file that they name, without comments. A change of
 * it in a commit is a change of the API. Not a promise by itself: what only appears inside another declaration is no entry.
 *
 * `read` gives the text of a file below the package's folder.
 */
export function apiReport(exports: Exports, read: (path: string) => string): string {
  const entries = Object.entries(exports).map(([name, { types }]) => [name, posix.normalize(types)] as const);
  const files = new Map<string, string>();
  for (const [, path] of entries) collect(path, read, files);
  const list = entries.map(([name, path]) => `- \`${name}\`: ${path}`);
  const sections = [...files]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([path, text]) => `## ${path}\n\`\`\`ts\n${text}\n\`\`\``);
  return `${["# API", "Made by `npm run pack:check -- --write`; see what changed before you commit it.", "", ...list, "", ...sections].join("\n")}\n`;
}

function collect(path: string, read: (path: string) => string, files: Map<string, string>): void {
  if (files.has(path)) return;
  const text = withoutComments(read(path));
  files.set(path, text);
  for (const [, target = ""] of text.matchAll(/(?:from\s+|import\()"(\.[^"]+)"/g)) {
    collect(posix.join(posix.dirname(path), target.replace(/(?:\.ts|\.js)$/, ".d.ts")), read, files);
  }
}

/** Declarations have no text with a comment's marks in it, so no scanner is needed. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^[ \t]*\/\/.*$/gm, "")
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .join("\n");
}
