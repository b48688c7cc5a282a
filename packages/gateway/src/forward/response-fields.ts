import { isHopByHop, passing, withoutNames } from "./hop-by-hop.ts";
import { knownNames } from "./known-names.ts";
import { nameText } from "./name-text.ts";

const staysBehind = knownNames(isHopByHop);
const staysBehindWithoutTrailers = knownNames((name) => isHopByHop(name) || name === "trailer");

const CONTENT_LENGTH = "content-length";
const LENGTH_NAMES: ReadonlySet<string> = new Set([CONTENT_LENGTH]);
const RESET_CONTENT = 205;

/** The header of a response for the client, as `[name, value, name, value]`, without what was about the target's connection. `hasTrailers`: some may follow it. */
export function responseFields(fields: readonly string[], { status, hasTrailers }: { status: number; hasTrailers: boolean }): string[] {
  const kept = passing(fields, hasTrailers ? staysBehind : staysBehindWithoutTrailers);
  // RFC 9110 §8.6: a 101 and a 204 have no content, so none has a length. §15.3.6: a 205 has none either, and says so.
  if (status === RESET_CONTENT) return [...withoutNames(kept, LENGTH_NAMES), "Content-Length", "0"];
  return status === 204 || status === 101 ? withoutNames(kept, LENGTH_NAMES) : kept;
}

/** How long the body is, by the header of a response that was read as well-formed; `undefined` when it does not say. */
export function contentLength(fields: readonly string[]): number | undefined {
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? "";
    if (name.length === CONTENT_LENGTH.length && name.toLowerCase() === CONTENT_LENGTH) return Number(fields[index + 1]);
  }
  return undefined;
}

const TRANSFER_ENCODING = "transfer-encoding";

/**
 * Whether the coding of a body is one that the client can be given. Undici takes others off no better than it knows them, and what is left would reach the client
 * without a word of what it is coded in (RFC 9112 §6.1).
 */
export function isCodingKnown(fields: readonly string[]): boolean {
  let codings = 0;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? "";
    if (name.length !== TRANSFER_ENCODING.length || name.toLowerCase() !== TRANSFER_ENCODING) continue;
    codings += 1;
    if (codings > 1 || fields[index + 1]?.toLowerCase() !== "chunked") return false;
  }
  return true;
}

/** Whether a client gets no body with this status, whatever the header says and follows it: RFC 9112 §6.3, and RFC 9110 §15.3.6 for 205. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === RESET_CONTENT || status === 304;
}

/** The values of the fields of this name, given in lower case. */
export function fieldValues(fields: readonly string[], name: string): string[] {
  return fields.filter((_, index) => index % 2 === 1 && fields[index - 1]?.toLowerCase() === name);
}

/** Whether one of the fields has this name, given in lower case. */
export function hasField(fields: readonly string[], name: string): boolean {
  for (let index = 0; index < fields.length; index += 2) if (fields[index]?.toLowerCase() === name) return true;
  return false;
}

/** Raw fields as undici keeps them, as text. Latin-1 keeps every byte as it came. */
export function textFields(raw: readonly (Buffer | string)[] | null): string[] {
  const texts: string[] = [];
  if (raw === null) return texts;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as Buffer | string;
    const value = raw[index + 1] as Buffer | string;
    texts.push(typeof name === "string" ? name : nameText(name), typeof value === "string" ? value : value.toString("latin1"));
  }
  return texts;
}
