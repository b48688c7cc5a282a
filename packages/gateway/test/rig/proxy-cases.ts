import { expandValue, listCases, readCases, type WrittenValue } from "../../../wherefrom/test/corpus.ts";

/** The first bytes of a connection, and what they have to be read as. */
export type ProxyCase = {
  readonly name: string;
  readonly bytes: Buffer;
  readonly expect: ProxyExpectation;
  /** What stands behind the header: the client's bytes. */
  readonly rest: Buffer;
};

export type ProxyExpectation =
  | { readonly kind: "proxied"; readonly peer: string; readonly isOverTls?: true }
  | { readonly kind: "own" | "local" }
  | { readonly kind: "incomplete" }
  | { readonly kind: "refused"; readonly reason: string };

type WrittenCase = {
  readonly name: string;
  readonly each?: readonly string[];
  readonly expect: ProxyExpectation;
  /** Hexadecimal, where the bytes are not written as `text`. */
  readonly rest?: string;
} & ({ readonly text: WrittenValue } | { readonly hex: WrittenValue });

/** The rows of `cases/proxy-protocol`, each as its cases: one, or one for each text that stands in `{each}`. */
export function readProxyCases(): readonly ProxyCase[] {
  return listCases("proxy-protocol").flatMap((file) =>
    readCases<WrittenCase>(file).flatMap((row) => (row.each ?? [""]).map((each) => writeOut(`${file}: ${row.name}`, { row, each }))),
  );
}

function writeOut(title: string, { row, each }: { row: WrittenCase; each: string }): ProxyCase {
  const write = (value: WrittenValue): string => expandValue(value).replaceAll("{each}", () => each);
  const bytesOf = (text: string): Buffer => ("text" in row ? Buffer.from(text, "latin1") : Buffer.from(text.replaceAll(" ", ""), "hex"));
  const name = title.replaceAll("{each}", () => each);
  return { name, bytes: bytesOf(write("text" in row ? row.text : row.hex)), expect: row.expect, rest: bytesOf(row.rest ?? "") };
}
