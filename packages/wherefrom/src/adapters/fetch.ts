import type { Evidence } from "../header/evidence.ts";

/** The part of a `Request` of the Fetch standard that is read. */
export type FetchRequest = { readonly headers: { get(name: string): string | null } };

const NO_LINES: readonly string[] = [];

/**
 * Evidence of a `Request`, for Deno, Bun, Workers and every other runtime with the Fetch standard. The runtime knows the peer: hand it in, `""` when
 * it does not know it, and `undefined` only where there is none to know (a unix socket).
 *
 * A `Headers` object holds no lines: it has joined repeated ones with `", "` (Fetch, section 2.2.2, "get"). For a list header that is the same. For
 * `singleHeaderAlgorithm` a second line that is not empty is still refused, as a list. For `Forwarded` a quote that never closes reaches into what
 * was the next line, so a client can make the hops behind it unreadable; in Node's raw headers it cannot.
 */
export function evidenceOfRequest(request: FetchRequest, peer: string | undefined): Evidence {
  const { headers } = request;
  return {
    peer,
    lines(name) {
      const value = headers.get(name);
      return value === null ? NO_LINES : [value];
    },
  };
}
