/** Different inputs in one batch: enough that nothing is answered from a cache of one. */
export const BATCH = 32;

/** One request as each subject takes it. */
export type Input = {
  readonly peer: string;
  readonly header: string;
  /** What express-like peers read. */
  readonly request: { readonly socket: { readonly remoteAddress: string }; readonly headers: Readonly<Record<string, string>> };
};

/** Networks that do not adjoin, so that no set can make one of two: 10.0.0.0/24, 10.0.2.0/24 and on, or their like in IPv6. */
export function networks(count: number, family: 4 | 6): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${addressIn(at, { family, host: 0 })}/${family === 4 ? 24 : 64}`);
}

/** An address in one of the networks. */
export function addressIn(network: number, { family, host }: { readonly family: 4 | 6; readonly host: number }): string {
  const at = network * 2;
  if (family === 4) return `10.${at >> 8}.${at & 255}.${host}`;
  return `2001:db8:${at.toString(16)}::${host === 0 ? "" : host.toString(16)}`;
}

/** An address in none of them. */
export function clientAt(index: number, family: 4 | 6): string {
  return family === 4 ? `203.0.${index}.7` : `2600:1f18:1:${(index + 1).toString(16)}::7`;
}

/** Primes: they spread the proxies over the whole list, so that a peer that searches it in order finds them neither first nor last. */
const REQUEST_STRIDE = 7_919;
const PLACE_STRIDE = 104_729;

/** Requests through proxies of the networks: the peer and `hopCount` - 1 more, and a client on the left that none of the networks has. */
export function requests(
  hopCount: number,
  { cidrCount, family }: { readonly cidrCount: number; readonly family: 4 | 6 },
): readonly Input[] {
  return Array.from({ length: BATCH }, (_, index) => {
    const proxy = (place: number) => addressIn((index * REQUEST_STRIDE + place * PLACE_STRIDE) % cidrCount, { family, host: 1 + index });
    const hops = Array.from({ length: hopCount - 1 }, (_, place) => proxy(place + 1));
    return inputOf(proxy(0), [clientAt(index, family), ...hops].join(", "));
  });
}

/** A request with a header as it is. */
export function inputOf(peerText: string, headerText: string): Input {
  const peer = asReceived(peerText);
  const header = asReceived(headerText);
  return { peer, header, request: { socket: { remoteAddress: peer }, headers: { "x-forwarded-for": header } } };
}

/** The text as a socket gives it, in one piece: a text that was put together is read through its parts, several times slower. */
export function asReceived(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
