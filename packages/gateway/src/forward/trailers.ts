import { claimsClient, hyphenated } from "@wherefrom/model";
import { fieldLines } from "../accept/field-lines.ts";
import type { ClientRequest } from "../client-message.ts";
import { isToken } from "../field-text.ts";
import type { Outgoing } from "./connect/outgoing.ts";
import { isHopByHop, passing } from "./hop-by-hop.ts";
import { knownNames } from "./known-names.ts";
import { isOwnName } from "./own-names.ts";

/**
 * Fields that say how a message is framed, where it goes, who sends it or what its content is: too late behind a body that has been acted upon
 * (RFC 9110 §6.5.1).
 */
const NEVER: ReadonlySet<string> = new Set([
  "host",
  "proxy",
  "content-length",
  "content-type",
  "content-encoding",
  "content-range",
  "trailer",
  "expect",
  "range",
  "max-forwards",
  "cache-control",
  "authorization",
  "cookie",
  "set-cookie",
  "age",
  "date",
  "expires",
  "location",
  "retry-after",
  "vary",
  "www-authenticate",
]);

const staysBehind = knownNames((name) => !isTrailer(name));

/** The trailers of a message for the other side, in pairs: what passes as a trailer at all, and says nothing about who the client is. */
export function trailerPairs(fields: readonly string[]): [string, string][] {
  const passed = passing(fields, staysBehind);
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < passed.length; index += 2) pairs.push([passed[index] ?? "", passed[index + 1] ?? ""]);
  return pairs;
}

type Sent = Pick<Outgoing, "request" | "ownNames">;

/** The trailers of a request whose body has ended. */
export function requestTrailers({ request, ownNames }: Sent): [string, string][] {
  return trailerPairs(request.rawTrailers).filter(([name]) => !isOwnName(name, ownNames));
}

/** Which trailers the client says will follow its body, without those that do not pass; `undefined` when none is left. */
export function announcedTrailers({ request: { headers = {} }, ownNames }: Sent): string | undefined {
  const { trailer } = headers;
  // Only chunks can have trailers behind them, and streams of HTTP/2.
  if (trailer === undefined || headers["content-length"] !== undefined) return undefined;
  const names = trailer.split(",").map((name) => name.trim());
  const passing = names.filter((name) => isToken(name) && isTrailer(name.toLowerCase()) && !isOwnName(name, ownNames));
  return passing.length === 0 ? undefined : passing.join(", ");
}

/** Whether the client says that it reads trailers (RFC 9110 §10.1.4). */
export function takesTrailers({ rawHeaders }: ClientRequest): boolean {
  return fieldLines(rawHeaders, "te").some((line) => line.split(",").some((coding) => coding.trim().toLowerCase() === "trailers"));
}

/** Also none that some target takes for one of these. Names are given in lower case. */
function isTrailer(name: string): boolean {
  const plain = hyphenated(name);
  return !NEVER.has(plain) && !isHopByHop(plain) && !claimsClient(plain);
}
