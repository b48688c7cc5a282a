import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  LIST,
  listValue,
  UHUGEINT,
  VARCHAR,
} from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import type { EnvironmentKey } from "../config-store/port.ts";
import { COLUMNS, type ColumnType, type ColumnValue } from "./columns.ts";
import { writeTexts } from "./duckdb-texts.ts";
import type { PackedBatch, PackedColumn } from "./packed-batch.ts";

/** Rows of one of DuckDB's vectors. */
const MAX_CHUNK_ROWS = 2_048;

const TYPES: Readonly<Record<ColumnType, DuckDBType>> = {
  text: VARCHAR,
  count: BIGINT,
  number: DOUBLE,
  flag: BOOLEAN,
  address: UHUGEINT,
  addresses: LIST(UHUGEINT),
};
const CHUNK_TYPES = [VARCHAR, VARCHAR, ...COLUMNS.map(({ type }) => TYPES[type])];

type ReadyColumn = { readonly values: readonly DuckDBValue[]; readonly places: PackedColumn["places"] };

/** Rows of the table of events, in vectors of DuckDB's. */
export function chunksOf({
  organization,
  environment,
  batch: { count, columns },
}: EnvironmentKey & { readonly batch: PackedBatch }): DuckDBDataChunk[] {
  const sameForAll = new Uint8Array(count);
  const ready: readonly ReadyColumn[] = [
    { values: [organization], places: sameForAll },
    { values: [environment], places: sameForAll },
    ...COLUMNS.flatMap(({ type }, index) => {
      const column = columns[index];
      return column === undefined ? [] : { values: column.values.map((value) => duckdbValue(type, value)), places: column.places };
    }),
  ];
  const chunks: DuckDBDataChunk[] = [];
  for (let start = 0; start < count; start += MAX_CHUNK_ROWS)
    chunks.push(chunkOf(ready, { start, end: Math.min(start + MAX_CHUNK_ROWS, count) }));
  return chunks;
}

function chunkOf(columns: readonly ReadyColumn[], { start, end }: { readonly start: number; readonly end: number }): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(CHUNK_TYPES, end - start);
  for (const [index, { values, places }] of columns.entries()) {
    if (CHUNK_TYPES[index] === VARCHAR && places !== undefined) {
      writeTexts(duckdb.data_chunk_get_vector(chunk.chunk, index), { texts: values, places: places.subarray(start, end) });
      continue;
    }
    const vector = chunk.getColumnVector(index);
    for (let row = start; row < end; row++) vector.setItem(row - start, values[places?.[row] ?? row] ?? null);
    vector.flush();
  }
  return chunk;
}

function duckdbValue(type: ColumnType, value: ColumnValue): DuckDBValue {
  if (value === undefined) return null;
  if (type === "count") return BigInt(value as number);
  if (type === "addresses") return listValue(value as bigint[]);
  return value as DuckDBValue;
}
