/** Rows whose validity is in one word. Source: duckdb.h, `duckdb_vector_get_validity`. */
const WORD_ROWS = 64;

/** Notes which rows have a value, as DuckDB says it: a bit each, 0 where there is none. */
export type ValidityMaker = {
  /** The row has no value. */
  clear(row: number): void;
  /** Of the first rows; `undefined` when all of them have a value. */
  finish(rows: number): Uint8Array | undefined;
};

export function validityMaker(maxRows: number): ValidityMaker {
  let validity: Uint8Array | undefined;
  return {
    clear(row) {
      validity ??= new Uint8Array(bytesOf(maxRows)).fill(255);
      validity[row >> 3] = (validity[row >> 3] ?? 0) & ~(1 << (row & 7));
    },
    finish: (rows) => validity?.subarray(0, bytesOf(rows)),
  };
}

/** The same of places, which are 0 where there is no value. */
export function validityOf(places: ArrayLike<number>): Uint8Array | undefined {
  const validity = validityMaker(places.length);
  for (let row = 0; row < places.length; row++) if (places[row] === 0) validity.clear(row);
  return validity.finish(places.length);
}

function bytesOf(rows: number): number {
  return (Math.ceil(rows / WORD_ROWS) * WORD_ROWS) / 8;
}
