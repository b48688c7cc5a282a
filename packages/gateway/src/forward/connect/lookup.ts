import { type LookupAddress, type LookupOptions, lookup as systemLookup } from "node:dns";

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** `dns.lookup`, or a stand-in: what sockets find addresses by. */
export type Lookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void;

type LookupContext = { readonly maxAgeMs: number; readonly maxNames: number; readonly now: () => number; readonly lookup?: Lookup };

/** What says that a name has no address, and not only that nobody could be asked. */
const IS_NO_NAME = "ENOTFOUND";

/**
 * Finds addresses as the system does, and goes on with the last good ones of a name, up to `maxAgeMs` old, while the name servers are away. Not a cache: each
 * connection asks anew. A name that has been taken away (`ENOTFOUND`) has no address any more: its last one may be somebody else's by now.
 */
export function lastGoodLookup({ maxAgeMs, maxNames, now, lookup = systemLookup as Lookup }: LookupContext): Lookup {
  const good = new Map<
    string,
    { readonly atMs: number; readonly address: string | LookupAddress[]; readonly family: number | undefined }
  >();
  return (hostname, options, callback) => {
    // One name has several answers: all of its addresses or the first, of one family or of both.
    const key = JSON.stringify([hostname, options.all, options.family, options.hints, options.order]);
    lookup(hostname, options, (error, address, family) => {
      if (error === null) {
        good.delete(key);
        if (good.size >= maxNames) good.delete(good.keys().next().value ?? "");
        good.set(key, { atMs: now(), address, family });
        return callback(null, address, family);
      }
      if (error.code === IS_NO_NAME) good.delete(key);
      const last = good.get(key);
      if (last === undefined || now() - last.atMs > maxAgeMs) return callback(error, address, family);
      callback(null, last.address, last.family);
    });
  };
}
