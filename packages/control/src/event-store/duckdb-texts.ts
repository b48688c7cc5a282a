import type { DuckDBValue } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import type { PackedColumn } from "./packed-batch.ts";

type Places = NonNullable<PackedColumn["places"]>;

/** Of what stands for a text in a vector: its length, and the text itself or a pointer to it. Source: duckdb.h, `duckdb_string_t`. */
const REFERENCE_WORDS = 4;

/** Rows whose validity is in one word. Source: duckdb.h, `duckdb_vector_get_validity`. */
const VALIDITY_ROWS = 64;

/**
 * Writes a column of texts into a new vector: each text once, and for other rows that have it, what stands for it there. The vector owns the texts, so all of
 * that holds as long as it does. `places` says which text each row has; NULL among them is one too.
 */
export function writeTexts(
  vector: duckdb.Vector,
  { texts, places }: { readonly texts: readonly DuckDBValue[]; readonly places: Places },
): void {
  /** Of each text, one more than the first row that has it. */
  const firsts = new Uint32Array(texts.length);
  const validity = new Uint8Array((Math.ceil(places.length / VALIDITY_ROWS) * VALIDITY_ROWS) / 8).fill(255);
  let row = 0;
  for (const place of places) {
    const text = texts[place];
    if (typeof text !== "string") validity[row >> 3] = (validity[row >> 3] ?? 0) & ~(1 << (row & 7));
    else if (firsts[place] === 0) {
      duckdb.vector_assign_string_element(vector, row, text);
      firsts[place] = row + 1;
    }
    row += 1;
  }
  repeatFirsts(vector, { firsts, places });
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, validity.buffer, 0, validity.byteLength);
}

function repeatFirsts(vector: duckdb.Vector, { firsts, places }: { readonly firsts: Uint32Array; readonly places: Places }): void {
  const references = new Uint32Array(new Uint8Array(duckdb.vector_get_data(vector, places.length * 4 * REFERENCE_WORDS)).buffer);
  let to = 0;
  for (const place of places) {
    const from = ((firsts[place] ?? 0) - 1) * REFERENCE_WORDS;
    if (from >= 0 && from < to) {
      for (let word = 0; word < REFERENCE_WORDS; word++) references[to + word] = references[from + word] ?? 0;
    }
    to += REFERENCE_WORDS;
  }
  duckdb.copy_data_to_vector(vector, 0, references.buffer, 0, references.byteLength);
}
