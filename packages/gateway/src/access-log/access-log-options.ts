import { z } from "zod";

/** The access log, as a gateway file holds it in its section `accessLog`. */
export const accessLogSchema = z.strictObject({
  /** A file, a pipe that has a reader, or `-` for standard output. */
  file: z.string().min(1, "Expected the path of a file, or - for standard output"),
  format: z.enum(["json", "combined"], "Expected json or combined").exactOptional(),
});

/** Where the access log goes and how it looks: `{ file: "-" }` writes JSON to standard output. */
export type AccessLogOptions = z.input<typeof accessLogSchema>;
