import { z } from "zod";

const FIELD = "Expected a [name, value] pair of texts";

/** What is known of a request, as fields of a body: the peer, and the header fields in wire order, repeated ones repeated. */
export const evidenceShape = {
  peer: z.string("Expected a text or null").nullish().describe("Address of the transport peer; null or absent: not known"),
  headers: z
    .array(z.tuple([z.string(FIELD), z.string(FIELD)], FIELD), "Expected a list of [name, value] pairs")
    .max(1_000)
    .optional()
    .describe("Header fields as they came over the wire, repeated ones repeated"),
} as const;
