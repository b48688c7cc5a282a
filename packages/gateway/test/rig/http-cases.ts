import { expandValue, listCases, readCases, type WrittenValue } from "../../../wherefrom/test/corpus.ts";

/** The bytes of one connection, as text with a character a byte, and what has to become of them. */
export type HttpCase = {
  readonly name: string;
  readonly bytes: string;
  /** The statuses of all answers, in order. */
  readonly answers: readonly number[];
  /** Of the last answer, where the gateway gave it. */
  readonly code: string | undefined;
  readonly closes: boolean;
  /** What the target is asked: method, target and body of each complete request. */
  readonly reaches: readonly string[];
};

type WrittenCase = {
  readonly name: string;
  readonly why: string;
  readonly source: string;
  readonly request: WrittenValue;
  readonly each?: readonly string[] | { readonly bytes: readonly (readonly [first: number, last: number])[] };
  readonly answers: readonly number[];
  readonly code?: string;
  readonly closes?: true;
  readonly reaches?: readonly WrittenValue[];
};

/** The rows of `cases/http`, and for each row its cases: one, or one for each text that stands in `{each}`. */
export function readHttpCases(): readonly { readonly title: string; readonly cases: readonly HttpCase[] }[] {
  return listCases("http").flatMap((file) =>
    readCases<WrittenCase>(file).map((row) => ({
      title: `${file}: ${row.name}`,
      cases: textsOf(row.each).map((each) => writeOut(row, each)),
    })),
  );
}

function writeOut(row: WrittenCase, each: string): HttpCase {
  const write = (value: WrittenValue): string => expandValue(value).replaceAll("{each}", () => each);
  const answers = row.answers;
  const isRefused = (answers.at(-1) ?? 0) >= 400;
  return {
    name: write(row.name),
    bytes: write(row.request),
    answers,
    code: row.code,
    closes: isRefused || row.closes === true,
    reaches: (row.reaches ?? []).map(write),
  };
}

function textsOf(each: WrittenCase["each"]): readonly string[] {
  if (each === undefined) return [""];
  if (!("bytes" in each)) return each;
  return each.bytes.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => String.fromCharCode(first + index)));
}
