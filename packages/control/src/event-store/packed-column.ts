import type { ColumnType, ColumnValue } from "./columns.ts";
import { validityOf } from "./validity.ts";

/**
 * A column of some events. Texts and addresses stand in a list, each once, and of each event there is the place that its value has there, from 1 on, and 0 when it has
 * none: events repeat most of what they say.
 */
export type PackedColumn =
  /** As DuckDB has them, one behind the other. */
  | { readonly kind: "fixed"; readonly values: Uint8Array | Float64Array | Int32Array; readonly validity: Uint8Array | undefined }
  | PackedTexts
  /** Among the addresses of all columns. */
  | { readonly kind: "address"; readonly places: Uint32Array }
  /** The lists of all events, one behind the other, and how long each is. */
  | { readonly kind: "addresses"; readonly places: Uint32Array; readonly lengths: Uint32Array };

/** `ends`: where the text of each place ends in `bytes`, which are UTF-8. */
export type PackedTexts = {
  readonly kind: "texts";
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly places: Uint16Array;
};

const TWO_TO_32 = 2 ** 32;

/** Of at most so many values as one of DuckDB's vectors has rows. For addresses, their places stand. */
export function packColumn(type: ColumnType, values: readonly ColumnValue[]): PackedColumn {
  switch (type) {
    case "text":
      return packTexts(values as readonly (string | undefined)[]);
    case "count":
      return { kind: "fixed", values: countsOf(values as readonly (number | undefined)[]), validity: validityOf(values, undefined) };
    case "number":
      return { kind: "fixed", values: Float64Array.from(values as readonly number[]), validity: validityOf(values, undefined) };
    case "flag":
      return {
        kind: "fixed",
        values: Uint8Array.from(values, (value) => (value === true ? 1 : 0)),
        validity: validityOf(values, undefined),
      };
    case "address":
      return { kind: "address", places: placesOf(values as readonly (number | undefined)[]) };
    case "addresses":
      return packLists(values as readonly (readonly number[])[]);
  }
}

export function packTexts(values: readonly (string | undefined)[]): PackedTexts {
  const known = new Map<string, number>();
  const places = new Uint16Array(values.length);
  let row = 0;
  let last: string | undefined;
  let lastPlace = 0;
  for (const value of values) {
    if (value === last) {
      places[row++] = lastPlace;
      continue;
    }
    last = value;
    let place = value === undefined ? 0 : known.get(value);
    if (place === undefined) {
      place = known.size + 1;
      known.set(value as string, place);
    }
    lastPlace = place;
    places[row++] = place;
  }
  return { kind: "texts", ...encode([...known.keys()]), places };
}

function encode(texts: readonly string[]): Pick<PackedTexts, "bytes" | "ends"> {
  const joined = texts.join("");
  const bytes = Buffer.from(joined);
  // nearly always: each character is a byte
  if (bytes.length === joined.length) return { bytes, ends: endsOf(texts) };
  // half of a surrogate pair that ends a text must not become a whole one with the next
  const each = texts.map((text) => Buffer.from(text));
  return { bytes: Buffer.concat(each), ends: endsOf(each) };
}

function endsOf(parts: readonly { readonly length: number }[]): Uint32Array {
  const ends = new Uint32Array(parts.length + 1);
  let end = 0;
  let place = 0;
  for (const { length } of parts) {
    end += length;
    ends[++place] = end;
  }
  return ends;
}

/** Whole numbers of 64 bits, the lower half first. */
function countsOf(values: readonly (number | undefined)[]): Int32Array {
  const words = new Int32Array(2 * values.length);
  let at = 0;
  for (const value of values) {
    if (value !== undefined) {
      words[at] = value | 0;
      words[at + 1] = Math.floor(value / TWO_TO_32);
    }
    at += 2;
  }
  return words;
}

function placesOf(values: readonly (number | undefined)[]): Uint32Array {
  const places = new Uint32Array(values.length);
  let row = 0;
  for (const value of values) places[row++] = value ?? 0;
  return places;
}

function packLists(lists: readonly (readonly number[])[]): PackedColumn {
  const lengths = new Uint32Array(lists.length);
  let count = 0;
  let row = 0;
  for (const { length } of lists) {
    lengths[row++] = length;
    count += length;
  }
  const places = new Uint32Array(count);
  let at = 0;
  for (const list of lists) for (const place of list) places[at++] = place;
  return { kind: "addresses", places, lengths };
}
