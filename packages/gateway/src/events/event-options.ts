import { z } from "zod";

const EXPECTED_RATE = "Expected a number above 0 and up to 1";

/** Events, as a gateway file holds them in its section `events`. */
export const eventsSchema = z.strictObject({
  /** Made when it is not there. With workers each has a folder in it, named by its number. */
  folder: z.string().min(1, "Expected the path of a folder"),
  /** Share of the exchanges that have an event, drawn by chance; the others are only counted. All unless given. */
  sampleRate: z.number(EXPECTED_RATE).gt(0, EXPECTED_RATE).max(1, EXPECTED_RATE).exactOptional(),
});

/** Where events are spooled. */
export type EventOptions = z.input<typeof eventsSchema>;
