import { z } from "zod";

const INT64 = /^-?[0-9]{1,19}$/;

/** int64 of proto3 JSON: written as text, read from text or number. */
export const int64Schema: z.ZodType<string, unknown> = z
  .union([z.string(), z.int()], "Expected a whole number, as text or number")
  .transform(String)
  // what is no number is not told to be out of range, too
  .refine((text) => INT64.test(text), { error: "Expected a whole number, as text or number", abort: true })
  .meta({ type: "string", format: "int64" });

/** A time that only the system sets, in milliseconds since 1970. */
export function timeField(description: string): z.ZodType<string, unknown> {
  return z.string().meta({ format: "int64", readOnly: true, description: `${description}, in milliseconds since 1970` });
}
