import { z } from "zod";

/** A header line of a request: its name in lower case, and its value. */
export type KeptField = readonly [name: string, value: string];

/** What the store keeps of an event's evidence, as far as it is read here. */
const keptSchema = z.object({ fields: z.array(z.tuple([z.string(), z.string()])) });

/** The header lines of a kept evidence, in wire order. `text` is what the event store has of it, as JSON. */
export function keptFields(text: string): readonly KeptField[] {
  return keptSchema.parse(JSON.parse(text)).fields;
}
