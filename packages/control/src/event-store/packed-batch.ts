import { addressKeeper } from "./address-keeper.ts";
import { COLUMNS, type ColumnType, type ColumnValue } from "./columns.ts";
import type { EventBatch } from "./port.ts";

/**
 * A column of some events. Each of its values once, and of each event the place that its value has among them; without `places` each event has the value at its
 * own place, as of numbers and addresses there are nearly as many as events.
 */
export type PackedColumn = { readonly values: readonly ColumnValue[]; readonly places: Uint8Array | Uint32Array | undefined };

/** Values whose places are bytes. */
const MAX_BYTE_PLACES = 256;

const HAS_PLACES: Readonly<Record<ColumnType, boolean>> = {
  text: true,
  count: true,
  flag: true,
  number: false,
  address: false,
  addresses: false,
};

/** A batch by columns, with what is kept of its addresses. Events repeat most of what they say: to another process they go so in a small part of the time. */
export type PackedBatch = Pick<EventBatch, "gateway" | "id"> & { readonly count: number; readonly columns: readonly PackedColumn[] };

export function packBatch({ gateway, id, events, privacy }: EventBatch): PackedBatch {
  const keeper = addressKeeper(privacy);
  const columns = COLUMNS.map(({ type, read }) => {
    const values = events.map((event) => read(event, keeper));
    return HAS_PLACES[type] ? eachOnce(values) : { values, places: undefined };
  });
  return { gateway, id, count: events.length, columns };
}

function eachOnce(all: readonly ColumnValue[]): PackedColumn {
  const values: ColumnValue[] = [];
  const known = new Map<ColumnValue, number>();
  const places = new Uint32Array(all.length);
  let row = 0;
  for (const value of all) {
    let place = known.get(value);
    if (place === undefined) {
      place = values.push(value) - 1;
      known.set(value, place);
    }
    places[row++] = place;
  }
  return { values, places: values.length <= MAX_BYTE_PLACES ? new Uint8Array(places) : places };
}
