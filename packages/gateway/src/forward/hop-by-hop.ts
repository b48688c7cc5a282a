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

/** Decides which fields of one message stay behind, its own Connection lines read. Names are given in lower case. */
export type HopByHop = (name: string) => boolean;

/**
 * Reads what a message declares to be about its connection only.
 *
 * A sender may name any field there, one that the gateway is to add as well: so strip first and add afterwards.
 */
export function hopByHopOf(fields: readonly string[]): HopByHop {
  const named = connectionOptions(fields);
  if (named === undefined) return (name) => ALWAYS.has(name);
  return (name) => ALWAYS.has(name) || named.has(name);
}

const CONNECTION = "connection";

/** The names in Connection; `undefined` when there is nothing in it but what goes anyway, which is nearly always. */
function connectionOptions(fields: readonly string[]): ReadonlySet<string> | undefined {
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
