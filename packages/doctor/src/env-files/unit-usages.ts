import { folderOf, type SourceFile } from "./env-tree.ts";
import type { Usage } from "./usage.ts";

/**
 * Finds `Environment=` and `EnvironmentFile=` in a unit of systemd. An empty assignment clears what stood before.
 *
 * Source: systemd.exec(5): files go before `Environment=`, and a later file before an earlier one.
 */
export function findUnitUsages({ path, text }: SourceFile): readonly Usage[] {
  let files: string[] = [];
  let inline: { key: string; text: string; line: number }[] = [];
  let line = 0;
  for (const [index, statement] of text.split(/\r?\n/).entries()) {
    const match = /^\s*(Environment|EnvironmentFile)\s*=(.*)$/.exec(statement);
    if (match === null) continue;
    const value = match[2]?.trim() ?? "";
    line ||= index + 1;
    if (match[1] === "EnvironmentFile") files = value === "" ? [] : [...files, value.replace(/^-/, "")];
    else inline = value === "" ? [] : [...inline, ...wordsOf(value).map((word) => ({ ...word, line: index + 1 }))];
  }
  if (files.length === 0 && inline.length === 0) return [];
  const entries = inline.map(({ key, text: value, line: at }) => ({ key, line: at, value: { kind: "text", text: value } as const }));
  return [
    {
      loader: "systemd",
      place: folderOf(path),
      placeIs: "fixed",
      because: { path, line },
      files,
      ...(entries.length > 0 && { inline: { entries, wins: false } }),
    },
  ];
}

/** Several assignments may stand in one `Environment=`. Quotes hold blanks together wherever in a word they stand, and are left out. */
function wordsOf(value: string): readonly { key: string; text: string }[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < value.length; at += 1) {
    const character = value[at] as string;
    if (character === quote) quote = "";
    else if (quote === "" && (character === "'" || character === '"')) {
      quote = character;
      word ??= "";
    } else if (quote === "" && (character === " " || character === "\t")) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + (character === "\\" ? (value[++at] ?? "") : character);
  }
  if (word !== undefined) words.push(word);
  return words.flatMap((text) => {
    const equals = text.indexOf("=");
    return equals < 1 ? [] : [{ key: text.slice(0, equals), text: text.slice(equals + 1) }];
  });
}
