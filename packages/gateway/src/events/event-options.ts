import { z } from "zod";

/** Events, as a gateway file holds them in its section `events`. */
export const eventsSchema = z.strictObject({
  /** Made when it is not there. With workers each has a folder in it, named by its number. */
  folder: z.string().min(1, "Expected the path of a folder"),
});

/** Where events are spooled. */
export type EventOptions = z.input<typeof eventsSchema>;
