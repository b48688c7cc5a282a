import type { EnvironmentKey } from "../config-store/port.ts";
import type { Appended, EventBatch } from "./port.ts";

/** What tells a batch from all others, in the order of the columns that have it: where its events are from, who sent it, and its id. */
export type BatchPlace = readonly [organization: string, environment: string, gateway: string, id: string];

export function batchPlace({ organization, environment }: EnvironmentKey, { gateway, id }: Pick<EventBatch, "gateway" | "id">): BatchPlace {
  return [organization, environment, gateway, id];
}

/** One text of a place, or of a row that begins with one. */
export function placeName(row: readonly unknown[]): string {
  return JSON.stringify(row.slice(0, 4));
}

/** Says of each batch, by its name, whether it is new: not when it is known, nor when it came before among these. Adds all of them to `known`. */
export function appendedOf(names: readonly string[], known: Set<string>): readonly Appended[] {
  return names.map((name) => {
    const isNew = !known.has(name);
    known.add(name);
    return { isNew };
  });
}
