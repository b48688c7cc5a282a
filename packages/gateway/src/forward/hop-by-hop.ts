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
 * framing, a credential who asks, a trace of the way how often it was gone. The fields that tell who the client is are replaced anyway.
 */
const NEVER: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "content-type",
  "content-encoding",
  "authorization",
  "cookie",
  "via",
  "cdn-loop",
]);

/** Whether a field never passes to the next connection, whatever the message says. The name is given in lower case. */
export function isHopByHop(name: string): boolean {
  return ALWAYS.has(name);
}

const CONNECTION = "connection";

/**
 * The further names, in lower case, that a message declares to be about its connection only; `undefined` when there are none, which is nearly always.
 *
 * A sender may name any field there, one that the gateway is to add as well: so strip first and add afterwards.
 */
export function connectionOptions(fields: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? "";
    if (name.length !== CONNECTION.length || name.toLowerCase() !== CONNECTION) continue;
    for (const text of (fields[index + 1] ?? "").toLowerCase().split(",")) {
      const option = text.trim();
      if (option === "" || option === "close" || ALWAYS.has(option) || NEVER.has(option)) continue;
      named ??= new Set();
      named.add(option);
    }
  }
  return named;
}
