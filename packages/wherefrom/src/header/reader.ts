import { createForwardedReader } from "./forwarded-reader.ts";
import type { HopReader } from "./hop-reader.ts";
import { createListReader } from "./list-reader.ts";

/** The reader for a header: `Forwarded` has a grammar of its own, every other header is a list of addresses. */
export function createHopReader(headerName: string): HopReader {
  return headerName.toLowerCase() === "forwarded" ? createForwardedReader() : createListReader();
}
