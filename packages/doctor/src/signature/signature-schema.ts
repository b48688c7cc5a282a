import { z } from "zod";
import type { KnownSignature } from "./signature.ts";

/** The file of known signatures. */
export const signaturesSchema: z.ZodType<KnownSignature[], unknown> = z.array(
  z.strictObject({
    name: z.string().min(1),
    version: z.string().min(1),
    signature: z.strictObject({
      canary: z.enum(["appended", "new-line", "overwritten", "only-canary", "stripped", "unknown"]),
      twoLines: z.enum(["joined", "kept-apart", "one-lost", "overwritten", "stripped", "unknown"]),
      hopByHop: z.enum(["unaffected", "chain-dropped", "dropped", "refused", "unknown"]),
      alias: z.enum(["dropped", "forwarded", "merged", "unknown"]),
      folded: z.enum(["unfolded", "overwritten", "refused", "forwarded", "unknown"]),
      h2c: z.enum(["forwarded", "ignored", "answered", "refused", "unknown"]),
      badVersion: z.enum(["forwarded", "ignored", "refused", "unknown"]),
      lengthAndChunks: z.enum(["chunked", "length", "neither", "refused", "forwarded", "unknown"]),
      trailer: z.enum(["dropped", "forwarded", "merged", "refused", "unknown"]),
      twoHosts: z.enum(["first", "last", "both", "replaced", "refused", "unknown"]),
      version09: z.enum(["as-1.0", "as-1.1", "refused", "unknown"]),
      manyFields: z.enum(["all", "fewer", "refused", "unknown"]),
    }),
  }),
);
