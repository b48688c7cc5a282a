import { BIGINT, BOOLEAN, DOUBLE, DuckDBDataChunk, type DuckDBType, LIST, UHUGEINT, VARCHAR } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { COLUMNS, type ColumnType } from "./columns.ts";
import { writeAddresses, writeAddressLists } from "./duckdb-addresses.ts";
import { writeTexts } from "./duckdb-texts.ts";
import { copyValidity, copyValues } from "./duckdb-vector.ts";
import type { PackedBatch } from "./packed-batch.ts";
import type { PackedColumn } from "./packed-column.ts";

const TYPES: Readonly<Record<ColumnType, DuckDBType>> = {
  text: VARCHAR,
  count: BIGINT,
  number: DOUBLE,
  flag: BOOLEAN,
  address: UHUGEINT,
  addresses: LIST(UHUGEINT),
};
const CHUNK_TYPES = [VARCHAR, VARCHAR, ...COLUMNS.map(({ type }) => TYPES[type])];

/** Rows of the table of events, as vectors of DuckDB's. */
export function chunksOf({ parts, addresses }: PackedBatch): DuckDBDataChunk[] {
  return parts.map(({ count, columns }) => {
    const chunk = DuckDBDataChunk.create(CHUNK_TYPES, count);
    for (const [index, column] of columns.entries()) writeColumn(duckdb.data_chunk_get_vector(chunk.chunk, index), { column, addresses });
    return chunk;
  });
}

function writeColumn(
  vector: duckdb.Vector,
  { column, addresses }: { readonly column: PackedColumn; readonly addresses: Uint32Array },
): void {
  switch (column.kind) {
    case "fixed":
      copyValues(vector, column.values);
      return copyValidity(vector, column.validity);
    case "texts":
      return writeTexts(vector, column);
    case "address":
      return writeAddresses(vector, { places: column.places, addresses });
    case "addresses":
      return writeAddressLists(vector, { ...column, addresses });
  }
}
