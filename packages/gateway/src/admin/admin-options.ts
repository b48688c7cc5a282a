import { z } from "zod";

const EXPECTED_PORT = "Expected a port from 0 to 65535";
const NAME = /^[A-Za-z0-9._-]{1,253}$/;
const MAX_NAMES = 64;

/** Where the admin listener listens, and by which names it may be asked, as a gateway file holds it in its section `admin`. */
export const adminSchema = z.strictObject({
  /** Port 0 takes a free one. */
  port: z.int(EXPECTED_PORT).min(0, EXPECTED_PORT).max(65_535, EXPECTED_PORT),
  /** `127.0.0.1` unless told otherwise. */
  host: z.string().min(1, "Expected an address or a host name").exactOptional(),
  /** Host names by which it may be asked, beside `localhost` and every address. */
  names: z
    .array(z.string().regex(NAME, "Expected a host name without a port"))
    .max(MAX_NAMES, `Expected at most ${MAX_NAMES} names`)
    .exactOptional(),
});

export type AdminOptions = z.input<typeof adminSchema>;
