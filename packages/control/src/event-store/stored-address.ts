import { parsePrefix } from "wherefrom";

/** Where IPv4 stands among the 16 bytes of an IPv6 address (RFC 4291 §2.5.5.2). No IPv6 address that the library reads is in there. */
const MAPPED = 0xffff_0000_0000n;
const MAPPED_END = 0x1_0000_0000_0000n;

/** The 16 bytes of an address as one number, those of IPv4 as IPv4-mapped ones; `undefined` for a text that is none, and for `0.0.0.0` and `::`. */
export function numberOfAddress(text: string): bigint | undefined {
  const reading = parsePrefix(text);
  if (reading.kind !== "prefix" || text.includes("/")) return undefined;
  const { family, w0, w1, w2, w3 } = reading.prefix.first;
  if ((w0 | w1 | w2 | w3) === 0) return undefined;
  if (family === 4) return MAPPED | BigInt(w3 >>> 0);
  return (BigInt(w0 >>> 0) << 96n) | (BigInt(w1 >>> 0) << 64n) | (BigInt(w2 >>> 0) << 32n) | BigInt(w3 >>> 0);
}

/** Whether the number is that of an IPv4 address. */
export function isMapped(number: bigint): boolean {
  return number >= MAPPED && number < MAPPED_END;
}

/** Dotted decimal, or RFC 5952 text. */
export function textOfNumber(number: bigint): string {
  if (isMapped(number)) return [24n, 16n, 8n, 0n].map((bits) => (number >> bits) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((number >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const reading = parsePrefix(groups.join(":"));
  if (reading.kind !== "prefix") throw new Error(`No address: ${number}`);
  return reading.prefix.text.slice(0, reading.prefix.text.indexOf("/"));
}

/** The client that an address is of: itself, or of IPv6 its first 64 bits, as a network. */
export function clientText(number: bigint): string {
  return isMapped(number) ? `${textOfNumber(number)}/32` : `${textOfNumber((number >> 64n) << 64n)}/64`;
}

/** A run of characters that addresses are written in. */
const CANDIDATE = /[0-9A-Fa-f.:]{2,}/g;
const PORT = /^(?<address>[0-9.]+):[0-9]{1,5}$/;

/** What `read` makes of all addresses that a header field names, in whichever form. Its other parts are passed over. */
export function addressesIn<Kept>(text: string, read: (candidate: string) => Kept | undefined): Kept[] {
  const found: Kept[] = [];
  for (const candidate of text.match(CANDIDATE) ?? []) {
    const kept = read(candidate) ?? read(PORT.exec(candidate)?.groups?.["address"] ?? "");
    if (kept !== undefined) found.push(kept);
  }
  return found;
}
