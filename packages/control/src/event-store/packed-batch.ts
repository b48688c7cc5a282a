import type { TrafficEvent } from "@wherefrom/model";
import { type AddressKeeper, addressKeeper } from "./address-keeper.ts";
import { COLUMNS, type Column, type ColumnValue } from "./columns.ts";
import type { EventBatch } from "./port.ts";

/** A column of some events: each of its values once, and of each event the place that its value has among them. */
export type PackedColumn = { readonly values: readonly ColumnValue[]; readonly places: Uint8Array | Uint32Array };

/** Values whose places are bytes. */
const MAX_BYTE_PLACES = 256;

/** A batch by columns, with what is kept of its addresses. Events repeat most of what they say: to another process they go so in a small part of the time. */
export type PackedBatch = Pick<EventBatch, "gateway" | "id"> & { readonly count: number; readonly columns: readonly PackedColumn[] };

export function packBatch({ gateway, id, events, privacy }: EventBatch): PackedBatch {
  const keeper = addressKeeper(privacy);
  return { gateway, id, count: events.length, columns: COLUMNS.map(({ read }) => packColumn(events, read, keeper)) };
}

function packColumn(events: readonly TrafficEvent[], read: Column["read"], keeper: AddressKeeper): PackedColumn {
  const values: ColumnValue[] = [];
  const known = new Map<ColumnValue, number>();
  const places = new Uint32Array(events.length);
  let row = 0;
  for (const event of events) {
    const value = read(event, keeper);
    let place = known.get(value);
    if (place === undefined) {
      place = values.push(value) - 1;
      known.set(value, place);
    }
    places[row++] = place;
  }
  return { values, places: values.length <= MAX_BYTE_PLACES ? new Uint8Array(places) : places };
}
