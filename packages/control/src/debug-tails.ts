import { ApiError } from "./http/api-error.ts";
import type { Wakers } from "./until.ts";

/** Who follows debug sessions at this control. `wakers` are called when a gateway has handed something over here. */
export type DebugTails = { readonly wakers: Wakers; open: number };

/** Counts one that follows, until the answer is called. Errors: `ApiError` TOO_MANY_STREAMS. */
export function openTail(tails: DebugTails, maxStreams: number): () => void {
  if (tails.open >= maxStreams)
    throw new ApiError("TOO_MANY_STREAMS", `Streams: Expected at most ${maxStreams} at a time, received one more`);
  tails.open += 1;
  let isOpen = true;
  return () => {
    if (isOpen) tails.open -= 1;
    isOpen = false;
  };
}
