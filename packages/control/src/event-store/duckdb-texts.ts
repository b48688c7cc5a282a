import duckdb from "@duckdb/node-bindings";
import { copyValidity, copyValues } from "./duckdb-vector.ts";
import type { PackedTexts } from "./packed-column.ts";
import { validityOf } from "./validity.ts";

/**
 * What stands for a text in a vector, in words of 32 bits: its length, and then the text itself when it is short, filled up with 0; of a longer one its first
 * four bytes and a pointer to all of it. Source: duckdb.h, `duckdb_string_t`.
 */
const WORDS = 4;
const MAX_SHORT_BYTES = 12;

const TWO_TO_32 = 2 ** 32;

/**
 * Writes a column of texts into a new vector: all of them into it at once, and for each row what stands for its text there. The vector owns the texts, so that
 * holds as long as it does.
 */
export function writeTexts(vector: duckdb.Vector, { bytes, ends, places }: PackedTexts): void {
  const known = referencesOf({ bytes, ends, address: ownTexts(vector, bytes) });
  const references = new Uint32Array(WORDS * places.length);
  let to = 0;
  for (const place of places) {
    const from = place * WORDS;
    for (let word = 0; word < WORDS; word++) references[to + word] = known[from + word] ?? 0;
    to += WORDS;
  }
  copyValues(vector, references);
  copyValidity(vector, validityOf(places));
}

/** Gives all texts to the vector as if they were the one of its first row, and says at which address they are then. 0 when they are so short that none needs one. */
function ownTexts(vector: duckdb.Vector, bytes: Uint8Array): number {
  if (bytes.length <= MAX_SHORT_BYTES) return 0;
  duckdb.vector_assign_string_element_len(vector, 0, bytes);
  const { buffer, byteOffset } = duckdb.vector_get_data(vector, 4 * WORDS);
  const [low = 0, high = 0] = new Uint32Array(buffer.slice(byteOffset + 8, byteOffset + 16));
  return low + high * TWO_TO_32;
}

/** What stands for each text, at its place. */
function referencesOf({
  bytes,
  ends,
  address,
}: {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly address: number;
}): Uint32Array {
  const references = new Uint32Array(WORDS * ends.length);
  const asBytes = new Uint8Array(references.buffer);
  let begin = 0;
  for (let place = 1; place < ends.length; place++) {
    const end = ends[place] ?? 0;
    const at = place * WORDS;
    const length = end - begin;
    const isShort = length <= MAX_SHORT_BYTES;
    references[at] = length;
    for (let from = begin, to = 4 * at + 4; from < begin + (isShort ? length : 4); from++, to++) asBytes[to] = bytes[from] ?? 0;
    if (!isShort) {
      references[at + 2] = address + begin;
      references[at + 3] = (address + begin) / TWO_TO_32;
    }
    begin = end;
  }
  return references;
}
