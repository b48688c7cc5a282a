import type { Evidence } from "../header/evidence.ts";

/** The part of a `Request` of the Fetch standard that is read. */
export type FetchRequest = { readonly headers: { get(name: string): string | null } };

const NO_LINES: readonly string[] = [];

/** What `Headers` writes between two lines of one name (Fetch, section 2.2.2, "get"). */
const JOINT = ", ";

/**
 * Evidence of a `Request`, for Deno, Bun, Workers and every other runtime with the Fetch standard. The runtime knows the peer: hand it in, `""` when
 * it does not know it, and `undefined` only where there is none to know (a unix socket).
 *
 * A `Headers` object has joined the lines, so they are taken apart again wherever they may have been joined. For a list header this changes nothing. A
 * second line of a single header is still seen, and a quote in `Forwarded` that a client never closes still ends with the client's line. What is lost:
 * quoted text in `Forwarded` that holds a comma and a blank itself is no longer readable, and is an opaque hop.
 */
export function evidenceOfRequest(request: FetchRequest, peer: string | undefined): Evidence {
  const { headers } = request;
  return {
    peer,
    lines(name) {
      const value = headers.get(name);
      return value === null ? NO_LINES : linesOf(value);
    },
  };
}

/** The joint stays at the end of its line, as an element without text, so that the header is as long as it was. */
function linesOf(value: string): readonly string[] {
  const lines: string[] = [];
  let start = 0;
  for (let at = value.indexOf(JOINT); at !== -1; at = value.indexOf(JOINT, start)) {
    lines.push(value.slice(start, at + JOINT.length));
    start = at + JOINT.length;
  }
  lines.push(value.slice(start));
  // A request that was copied has lost the blank before an empty last line.
  if (value.endsWith(",")) lines.push("");
  return lines;
}
