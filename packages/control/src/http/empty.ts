import { z } from "zod";

/** An answer that says no more than that it was done. */
export const EMPTY: z.ZodType = z.object({}).meta({ id: "Empty" });
