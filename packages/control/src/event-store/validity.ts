/** Rows whose validity is in one word. Source: duckdb.h, `duckdb_vector_get_validity`. */
const WORD_ROWS = 64;

/** Which rows have a value, as DuckDB says it: a bit each, 0 where the value is `none`. `undefined` when all have one. */
export function validityOf(values: ArrayLike<unknown>, none: unknown): Uint8Array | undefined {
  let validity: Uint8Array | undefined;
  for (let row = 0; row < values.length; row++) {
    if (values[row] !== none) continue;
    validity ??= new Uint8Array((Math.ceil(values.length / WORD_ROWS) * WORD_ROWS) / 8).fill(255);
    validity[row >> 3] = (validity[row >> 3] ?? 0) & ~(1 << (row & 7));
  }
  return validity;
}
