import duckdb from "@duckdb/node-bindings";
import { copyValidity, copyValues } from "./duckdb-vector.ts";
import { validityOf } from "./validity.ts";

/** Of 32 bits, in an address. Source: duckdb.h, `duckdb_uhugeint`. */
const WORDS = 4;

/** Of 32 bits, in what stands for a list: where it begins among the values of all lists, and its length, each as 64 bits. Source: duckdb.h, `duckdb_list_entry`. */
const ENTRY_WORDS = 4;

/** Writes a column of addresses into a new vector. `places` says of each row which of the addresses it has, from 1 on, or 0 for NULL. */
export function writeAddresses(
  vector: duckdb.Vector,
  { places, addresses }: { readonly places: Uint32Array; readonly addresses: Uint32Array },
): void {
  copyValues(vector, wordsAt(places, addresses));
  copyValidity(vector, validityOf(places));
}

/** Writes a column of lists of addresses into a new vector. `lengths` says how many of the places each row has. */
export function writeAddressLists(
  vector: duckdb.Vector,
  { places, lengths, addresses }: { readonly places: Uint32Array; readonly lengths: Uint32Array; readonly addresses: Uint32Array },
): void {
  const entries = new Uint32Array(ENTRY_WORDS * lengths.length);
  let begin = 0;
  let at = 0;
  for (const length of lengths) {
    entries[at] = begin;
    entries[at + 2] = length;
    at += ENTRY_WORDS;
    begin += length;
  }
  duckdb.list_vector_reserve(vector, places.length);
  duckdb.list_vector_set_size(vector, places.length);
  copyValues(duckdb.list_vector_get_child(vector), wordsAt(places, addresses));
  copyValues(vector, entries);
}

/** Words of the address at each place. */
function wordsAt(places: Uint32Array, addresses: Uint32Array): Uint32Array {
  const words = new Uint32Array(WORDS * places.length);
  let to = 0;
  for (const place of places) {
    if (place > 0) {
      const from = (place - 1) * WORDS;
      for (let word = 0; word < WORDS; word++) words[to + word] = addresses[from + word] ?? 0;
    }
    to += WORDS;
  }
  return words;
}
