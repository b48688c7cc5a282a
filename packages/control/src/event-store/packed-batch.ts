import type { EnvironmentKey } from "../config-store/port.ts";
import { type AddressKeeper, addressKeeper } from "./address-keeper.ts";
import { AddressTable } from "./address-table.ts";
import { COLUMNS } from "./columns.ts";
import { type PackedColumn, packColumn, packTexts } from "./packed-column.ts";
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

export function packBatch({ organization, environment }: EnvironmentKey, { gateway, id, events, privacy }: EventBatch): PackedBatch {
  const table = new AddressTable();
  const keeper = addressKeeper(privacy, (number) => table.placeOf(number));
  const parts: PackedRows[] = [];
  for (let start = 0; start < events.length; start += MAX_VECTOR_ROWS)
    parts.push(packRows(events.slice(start, start + MAX_VECTOR_ROWS), { keeper, place: [organization, environment] }));
  return { gateway, id, parts, addresses: table.words() };
}

function packRows(
  events: EventBatch["events"],
  { keeper, place }: { readonly keeper: AddressKeeper<number>; readonly place: readonly string[] },
): PackedRows {
  const count = events.length;
  const ofPlace = place.map((name) => packTexts(new Array<string>(count).fill(name)));
  const ofEvents = COLUMNS.map(({ type, read }) =>
    packColumn(
      type,
      events.map((event) => read(event, keeper)),
    ),
  );
  return { count, columns: [...ofPlace, ...ofEvents] };
}
