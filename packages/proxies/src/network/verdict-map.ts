import type { Word } from "../statement.ts";

/** One element of a verdict map: the values of its key, or all others for `*`, and the words of its verdict. */
export type VerdictCase = { readonly key: string | undefined; readonly verdict: readonly Word[] };

/** The cases of a verdict map, the one for all others last; `undefined` where a key is more than one word. */
export function verdictCases(elements: readonly (readonly Word[])[]): readonly VerdictCase[] | undefined {
  const cases = elements.map((element): VerdictCase | undefined => {
    const colon = element.findIndex(({ text, isQuoted }) => text === ":" && !isQuoted);
    const [key] = element;
    if (colon !== 1 || key === undefined) return undefined;
    return { key: key.text === "*" && !key.isQuoted ? undefined : key.text, verdict: element.slice(colon + 1) };
  });
  if (cases.some((one) => one === undefined)) return undefined;
  return (cases as readonly VerdictCase[]).toSorted((first, other) => Number(first.key === undefined) - Number(other.key === undefined));
}
