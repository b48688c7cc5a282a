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

/** The names in Connection; `undefined` when there is nothing in it but what goes anyway, which is nearly always. */
function connectionOptions(fields: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (fields[index]?.toLowerCase() !== "connection") continue;
    for (const option of (fields[index + 1] ?? "").toLowerCase().split(",")) {
      const name = option.trim();
      if (name !== "" && name !== "close" && !ALWAYS.has(name)) {
        named ??= new Set();
        named.add(name);
      }
    }
  }
  return named;
}
