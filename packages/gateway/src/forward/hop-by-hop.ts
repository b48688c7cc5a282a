/** Fields that are about one connection and never pass to the next, named in Connection or not (RFC 9110 §7.6.1). */
const ALWAYS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-authentication-info",
  "te",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/**
 * Fields for every recipient, which a sender must not name in Connection: naming one takes nothing away. A length that went missing would change the
 * framing, a credential who asks, a word to caches who gets an answer, a trace of the way how often it was gone. The fields that tell who the client is are replaced anyway.
 */
const NEVER: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "content-type",
  "content-encoding",
  "content-range",
  "authorization",
  "cookie",
  "set-cookie",
  "cache-control",
  "vary",
  "sec-websocket-key",
  "sec-websocket-version",
  "via",
  "cdn-loop",
]);

/** Whether a field never passes to the next connection, whatever the message says. The name is given in lower case. */
export function isHopByHop(name: string): boolean {
  return ALWAYS.has(name);
}

const CONNECTION = "connection";

/**
 * The fields of a message that pass on, both as `[name, value, name, value]`: none that `staysBehind`, which holds back every hop-by-hop field at least, and
 * none that the message declares to be about its connection only.
 *
 * A sender may name any field there, one that the gateway is to add as well: so strip first and add afterwards.
 */
export function passing(fields: readonly string[], staysBehind: (name: string) => boolean): string[] {
  const kept: string[] = [];
  let named: Set<string> | undefined;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? "";
    const value = fields[index + 1] ?? "";
    if (!staysBehind(name)) kept.push(name, value);
    else if (name.length === CONNECTION.length && name.toLowerCase() === CONNECTION) named = withOptions(named, value);
  }
  return named === undefined ? kept : withoutNames(kept, named);
}

/** The names that a Connection field declares, added to those of earlier lines, in lower case; `undefined` when there are none, which is nearly always. */
function withOptions(named: Set<string> | undefined, value: string): Set<string> | undefined {
  let options = named;
  for (const text of value.toLowerCase().split(",")) {
    const option = text.trim();
    if (option === "" || option === "close" || ALWAYS.has(option) || NEVER.has(option)) continue;
    options ??= new Set();
    options.add(option);
  }
  return options;
}

/** What is left of `[name, value, name, value]` without these names, given in lower case. */
export function withoutNames(fields: readonly string[], names: ReadonlySet<string>): string[] {
  return fields.filter((_, index) => !names.has((fields[index - (index % 2)] ?? "").toLowerCase()));
}
