import { parseAddress } from "wherefrom";
import { INCOMPLETE, type ProxyReading, refused } from "./reading.ts";
import { readTlvs } from "./tlv.ts";

/** How much of a version 2 header is read. */
export type ProxyLimits = {
  /** A whole header, its additions included. */
  readonly maxProxyHeaderBytes: number;
  /** Additions (TLVs) of one header, nested ones included. */
  readonly maxProxyTlvs: number;
};

/** Version and command, family and transport, and two bytes of length, behind the signature. */
const FIXED_BYTES = 4;
const VERSION = 2;
const LOCAL = 0;
const PROXY = 1;

/** One line of the table of families in §2.2: how many bytes an address takes. */
type Family = { readonly addressBytes: number; readonly format: (bytes: Buffer) => string };

const UNSPEC = 0x00;
const families: ReadonlyMap<number, Family> = new Map([
  [0x11, { addressBytes: 4, format: (bytes) => bytes.join(".") }], // TCP over IPv4
  [0x21, { addressBytes: 16, format: formatIpv6 }], // TCP over IPv6
]);
const PORT_BYTES = 2;

/**
 * Reads the rest of a version 2 header, `at` behind its signature.
 *
 * Datagram and unix families are refused: HTTP over TCP comes from neither, and an address of the sender's in their place would be a wrong one.
 *
 * Source: PROXY protocol §2.2.
 */
export function parseBlock(bytes: Buffer, { at, limits }: { at: number; limits: ProxyLimits }): ProxyReading {
  const [versionAndCommand, family] = [bytes[at], bytes[at + 1]];
  if (versionAndCommand === undefined) return INCOMPLETE;
  if (versionAndCommand >> 4 !== VERSION) return refused("version-unknown");
  const command = versionAndCommand & 0x0f;
  if (command !== LOCAL && command !== PROXY) return refused("command-unknown");
  if (family === undefined) return INCOMPLETE;
  const start = at + FIXED_BYTES;
  // A LOCAL connection is the sender's own: whatever family it names is to be ignored.
  const known = command === LOCAL || family === UNSPEC ? undefined : families.get(family);
  if (command === PROXY && family !== UNSPEC && known === undefined) return refused("family-unsupported");
  if (bytes.length < start) return INCOMPLETE;
  const length = start + bytes.readUInt16BE(start - 2);
  if (length > limits.maxProxyHeaderBytes) return refused("too-long");
  const blockEnd = start + (known === undefined ? 0 : 2 * (known.addressBytes + PORT_BYTES));
  if (length < blockEnd) return refused("block-too-short");
  if (bytes.length < length) return INCOMPLETE;
  if (known === undefined) return { kind: "header", header: { kind: command === LOCAL ? "local" : "own" }, length };
  return parseProxied(bytes.subarray(0, length), { family: known, start, blockEnd, limits });
}

type Block = { readonly family: Family; readonly start: number; readonly blockEnd: number; readonly limits: ProxyLimits };

/** Source address, destination address, their ports, then the additions. */
function parseProxied(header: Buffer, { family, start, blockEnd, limits }: Block): ProxyReading {
  const { addressBytes, format } = family;
  const peer = parseAddress(format(header.subarray(start, start + addressBytes)));
  const destination = parseAddress(format(header.subarray(start + addressBytes, start + 2 * addressBytes)));
  if (peer === undefined || destination === undefined) return refused("address-invalid");
  const tlvs = readTlvs(header, { start: blockEnd, maxTlvs: limits.maxProxyTlvs });
  if (tlvs.kind === "refused") return tlvs;
  return { kind: "header", header: { kind: "proxied", peer: peer.text, isOverTls: tlvs.isOverTls }, length: header.length };
}

function formatIpv6(bytes: Buffer): string {
  const groups: string[] = [];
  for (let index = 0; index < bytes.length; index += 2) groups.push(bytes.readUInt16BE(index).toString(16));
  return groups.join(":");
}
