import type { TrafficEvent } from "@wherefrom/model";
import type { EnvironmentKey } from "../config-store/port.ts";
import { type AddressKeeper, addressKeeper } from "./address-keeper.ts";
import { AddressTable } from "./address-table.ts";
import { COLUMNS } from "./columns.ts";
import { columnPacker, type PackedColumn, packSame } from "./packed-column.ts";
import type { EventBatch } from "./port.ts";

/** Rows of one of DuckDB's vectors, at the most. */
const MAX_VECTOR_ROWS = 2_048;

/** Rows of the table of events, by its columns. */
export type PackedRows = { readonly count: number; readonly columns: readonly PackedColumn[] };

/**
 * A batch by columns, with what is kept of its addresses, nearly as it then stands in DuckDB's vectors: what is made ready here need not be made by the process
 * that holds the database and is busy with writing.
 */
export type PackedBatch = Pick<EventBatch, "gateway" | "id"> & {
  readonly parts: readonly PackedRows[];
  /** Those in any column, each once: four words of 32 bits, the lowest first. */
  readonly addresses: Uint32Array;
};

/**
 * Goes through the events once and keeps none of them: what lives only for a moment costs the collector nothing, while it would copy all events of a batch more
 * than once. What they throw, this throws.
 */
export function packBatch(key: EnvironmentKey, { gateway, id, events, privacy }: EventBatch): PackedBatch {
  const table = new AddressTable();
  const keeper = addressKeeper(privacy, (number) => table.placeOf(number));
  const parts: PackedRows[] = [];
  let part = rowsPacker(keeper);
  for (const slice of slicesOf(events)) {
    if (part.count() === MAX_VECTOR_ROWS) {
      parts.push(part.finish(key));
      part = rowsPacker(keeper);
    }
    part.add(slice);
  }
  if (part.count() > 0) parts.push(part.finish(key));
  return { gateway, id, parts, addresses: table.words() };
}

/** Events that are packed together, column by column: what reads a column is fast in a row. Vectors are made of whole slices. */
const SLICE_EVENTS = 64;

function* slicesOf(events: Iterable<TrafficEvent>): Iterable<readonly TrafficEvent[]> {
  let slice: TrafficEvent[] = [];
  for (const event of events) {
    slice.push(event);
    if (slice.length < SLICE_EVENTS) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

type RowsPacker = { count(): number; add(events: readonly TrafficEvent[]): void; finish(key: EnvironmentKey): PackedRows };

function rowsPacker(keeper: AddressKeeper<number>): RowsPacker {
  const columns = COLUMNS.map(({ type, read }) => ({ read, packer: columnPacker(type, MAX_VECTOR_ROWS) }));
  let count = 0;
  return {
    count: () => count,
    add(events) {
      count += events.length;
      for (const { read, packer } of columns) packer.add(events.map((event) => read(event, keeper)));
    },
    finish({ organization, environment }) {
      const ofPlace = [organization, environment].map((name) => packSame(name, count));
      return { count, columns: [...ofPlace, ...columns.map(({ packer }) => packer.finish())] };
    },
  };
}
