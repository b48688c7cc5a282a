import { readFileSync } from "node:fs";
import type { KnownSignature } from "./signature.ts";
import { signaturesSchema } from "./signature-schema.ts";

/** The signatures are data that comes with this package; `cases/signatures` of the repository is the same folder. */
const FILE = new URL("../../signatures/products.json", import.meta.url);

/** Reads the signatures that are known of products. A file that is not valid is a fault of this package, and throws. */
export function readSignatures(): readonly KnownSignature[] {
  return signaturesSchema.parse(JSON.parse(readFileSync(FILE, "utf8")));
}
