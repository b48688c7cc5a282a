import type { Word } from "../statement.ts";

/** An option with its value: in the same word behind `=`, or in the next one. */
export type Given = { readonly word: Word; readonly value: string };

/** The last option of one of these names; `undefined` when none is there. */
export function optionIn(words: readonly Word[], names: readonly string[]): Given | undefined {
  const index = words.findLastIndex(({ text }) => names.some((name) => text === name || text.startsWith(`${name}=`)));
  const word = words[index];
  if (word === undefined) return undefined;
  const equals = names.includes(word.text) ? -1 : word.text.indexOf("=");
  return { word, value: equals === -1 ? (words[index + 1]?.text ?? "") : word.text.slice(equals + 1) };
}

/** A variable that is set in front of a program, `NAME=value program`; `undefined` when it is not. */
export function variableIn(words: readonly Word[], name: string): Given | undefined {
  const word = words.findLast(({ text }) => text.startsWith(`${name}=`));
  return word === undefined ? undefined : { word, value: word.text.slice(name.length + 1) };
}
