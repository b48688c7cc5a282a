import type { ColumnType, ColumnValue } from "./columns.ts";
import { validityMaker } from "./validity.ts";

/**
 * A column of some events. Texts and addresses stand in a list, those that come again mostly once, and of each event there is the place that its value has there, from 1 on, and 0 when it has
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

/** Packs a column, some values after the others, so that nobody has to keep all events for it. */
export type ColumnPacker = {
  /** For addresses, their places stand. */
  add(values: readonly ColumnValue[]): void;
  /** Of what was added. Nothing may be added afterwards. */
  finish(): PackedColumn;
};

const TWO_TO_32 = 2 ** 32;

/** Of the rows so far. Where more of them had a text of their own, texts are no longer looked for among those before: that would cost more than it saves. */
const MAX_NEW_SHARE = 0.75;

/** For at most `maxRows` values: as many as one of DuckDB's vectors has rows, or fewer. */
export function columnPacker(type: ColumnType, maxRows: number): ColumnPacker {
  switch (type) {
    case "text":
      return textPacker(maxRows);
    case "count":
      return countPacker(maxRows);
    case "number":
      return valuePacker(new Float64Array(maxRows));
    case "flag":
      return valuePacker(new Uint8Array(maxRows));
    case "address":
      return addressPacker(maxRows);
    case "addresses":
      return listPacker(maxRows);
  }
}

/** One text for all rows. */
export function packSame(text: string, rows: number): PackedTexts {
  return { kind: "texts", ...encode([text]), places: new Uint16Array(rows).fill(1) };
}

function textPacker(maxRows: number): ColumnPacker {
  const places = new Uint16Array(maxRows);
  const texts: string[] = [];
  const known = new Map<string, number>();
  let isNoting = true;
  let rows = 0;
  let last: string | undefined;
  let lastPlace = 0;
  const placeOf = (text: string): number => {
    const place = isNoting ? known.get(text) : undefined;
    if (place !== undefined) return place;
    if (isNoting) known.set(text, texts.length + 1);
    return texts.push(text);
  };
  return {
    add(values) {
      for (const value of values as readonly (string | undefined)[]) {
        if (value !== last) {
          last = value;
          lastPlace = value === undefined ? 0 : placeOf(value);
        }
        places[rows++] = lastPlace;
      }
      isNoting &&= texts.length <= rows * MAX_NEW_SHARE;
    },
    finish: () => ({ kind: "texts", ...encode(texts), places: places.subarray(0, rows) }),
  };
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
function countPacker(maxRows: number): ColumnPacker {
  const words = new Int32Array(2 * maxRows);
  const validity = validityMaker(maxRows);
  let rows = 0;
  return {
    add(values) {
      for (const value of values as readonly (number | undefined)[]) {
        if (value === undefined) validity.clear(rows);
        else {
          words[2 * rows] = value | 0;
          words[2 * rows + 1] = Math.floor(value / TWO_TO_32);
        }
        rows += 1;
      }
    },
    finish: () => ({ kind: "fixed", values: words.subarray(0, 2 * rows), validity: validity.finish(rows) }),
  };
}

function valuePacker(into: Float64Array | Uint8Array): ColumnPacker {
  const validity = validityMaker(into.length);
  let rows = 0;
  return {
    add(values) {
      for (const value of values as readonly (number | boolean | undefined)[]) {
        if (value === undefined) validity.clear(rows);
        else into[rows] = Number(value);
        rows += 1;
      }
    },
    finish: () => ({ kind: "fixed", values: into.subarray(0, rows), validity: validity.finish(rows) }),
  };
}

function addressPacker(maxRows: number): ColumnPacker {
  const places = new Uint32Array(maxRows);
  let rows = 0;
  return {
    add(values) {
      for (const value of values as readonly (number | undefined)[]) places[rows++] = value ?? 0;
    },
    finish: () => ({ kind: "address", places: places.subarray(0, rows) }),
  };
}

function listPacker(maxRows: number): ColumnPacker {
  const places: number[] = [];
  const lengths = new Uint32Array(maxRows);
  let rows = 0;
  return {
    add(lists) {
      for (const list of lists as readonly (readonly number[])[]) {
        for (const place of list) places.push(place);
        lengths[rows++] = list.length;
      }
    },
    finish: () => ({ kind: "addresses", places: Uint32Array.from(places), lengths: lengths.subarray(0, rows) }),
  };
}
