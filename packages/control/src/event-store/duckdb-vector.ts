import duckdb from "@duckdb/node-bindings";

/** Values as they stand in a vector, from its first row on. There must be room for them. */
export function copyValues(vector: duckdb.Vector, { buffer, byteOffset, byteLength }: NodeJS.ArrayBufferView): void {
  if (byteLength > 0) duckdb.copy_data_to_vector(vector, 0, buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Which rows of a new vector have a value; `undefined` for all of them. */
export function copyValidity(vector: duckdb.Vector, validity: Uint8Array | undefined): void {
  if (validity === undefined) return;
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, validity.buffer as ArrayBuffer, validity.byteOffset, validity.byteLength);
}
