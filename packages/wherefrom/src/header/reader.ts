import { createForwardedReader } from "./forwarded-reader.ts";
import type { HopReader, Side } from "./hop-reader.ts";
import { createListFromLeft } from "./list-from-left.ts";
import { createListFromRight } from "./list-from-right.ts";

/** The reader for a header, from one of its sides: `Forwarded` has a grammar of its own, every other header is a list of addresses. */
export function createHopReader(headerName: string, side: Side): HopReader {
  if (headerName.toLowerCase() === "forwarded") return createForwardedReader(side);
  return side === "right" ? createListFromRight() : createListFromLeft();
}
