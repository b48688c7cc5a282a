/** A link in a Markdown page, as written. */
export type Link = { readonly target: string; readonly line: number };

/** A heading in a Markdown page. */
export type Heading = { readonly level: number; readonly text: string; readonly line: number };

/** What the checks need to know of a Markdown page. Not a renderer: indented code, setext headings and links over two lines are not read. */
export type Page = {
  readonly headings: readonly Heading[];
  readonly links: readonly Link[];
  /** What a `#` in a link may name. */
  readonly anchors: ReadonlySet<string>;
  /** The first cells of the first table, without its head. */
  readonly firstColumn: readonly { readonly text: string; readonly line: number }[];
};

/** Reads a page. Code, in fences and between backticks, holds no links and no headings. */
export function readPage(text: string): Page {
  const headings: Heading[] = [];
  const links: Link[] = [];
  const anchors = new Set<string>();
  for (const { line, content } of proseLines(text)) {
    const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/.exec(content);
    if (heading?.[1] !== undefined && heading[2] !== undefined) {
      headings.push({ level: heading[1].length, text: heading[2], line });
      anchors.add(freeAnchor(slugOf(heading[2]), anchors));
    }
    const bare = content.replaceAll(/(`+)(?:(?!\1).)*\1/g, "");
    for (const match of bare.matchAll(/<a\s[^>]*?\b(?:id|name)="([^"]+)"/g)) if (match[1] !== undefined) anchors.add(match[1]);
    for (const target of linkTargets(bare)) links.push({ target, line });
  }
  return { headings, links, anchors, firstColumn: firstColumnOf(text) };
}

/** The lines that are not in a fenced block. */
function proseLines(text: string): { readonly line: number; readonly content: string }[] {
  let fence: string | undefined;
  return text.split("\n").flatMap((content, index) => {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(content)?.[1];
    if (fence !== undefined) {
      if (mark?.startsWith(fence)) fence = undefined;
      return [];
    }
    fence = mark;
    return mark === undefined ? [{ line: index + 1, content }] : [];
  });
}

function linkTargets(content: string): string[] {
  const inline = [...content.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const definition = [...content.matchAll(/^ {0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?/g)];
  const html = [...content.matchAll(/<(?:a|img)\s[^>]*?\b(?:href|src)="([^"]+)"/g)];
  return [...inline, ...definition, ...html].map((match) => match[1] ?? "");
}

/** The anchor that GitHub gives a heading: lower case, blanks to hyphens, no punctuation. */
export function slugOf(heading: string): string {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/<[^>]*>/g, "");
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");
}

/** Headings of the same text are told apart by -1, -2 and so on. */
function freeAnchor(slug: string, taken: ReadonlySet<string>): string {
  if (!taken.has(slug)) return slug;
  let number = 1;
  while (taken.has(`${slug}-${number}`)) number += 1;
  return `${slug}-${number}`;
}

function firstColumnOf(text: string): { readonly text: string; readonly line: number }[] {
  const lines = proseLines(text);
  const rule = lines.findIndex(({ content }) => /^\s*\|?\s*:?-{3,}:?\s*\|/.test(content));
  if (rule === -1) return [];
  const rows = lines.slice(rule + 1);
  const end = rows.findIndex(({ content }) => !content.trimStart().startsWith("|"));
  return rows.slice(0, end === -1 ? rows.length : end).map(({ content, line }) => ({ text: firstCell(content), line }));
}

function firstCell(row: string): string {
  return (
    row
      .trim()
      .replace(/^\|/, "")
      .split(/(?<!\\)\|/)[0] ?? ""
  )
    .trim()
    .replaceAll("`", "");
}
