import { type OracleAddress, readIpv4, readIpv6, textOf } from "./address.ts";

/** A network: `bits` leading bits of `value` count. Already folded when it was an IPv4-mapped one. */
export type OraclePrefix = OracleAddress & { readonly bits: number };

/** Of the vendor only the ranges that the corpus uses. */
const RANGES: Readonly<Record<string, readonly string[]>> = {
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
  loopback: ["127.0.0.0/8", "::1/128"],
  "link-local": ["169.254.0.0/16", "fe80::/10"],
  cloudflare: ["173.245.48.0/20", "162.158.0.0/15", "104.16.0.0/13", "2606:4700::/32", "2400:cb00::/32"],
};

const LOCAL = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "100.64.0.0/10",
  "::1/128",
  "fe80::/10",
  "fc00::/7",
];

function widthOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

/** A CIDR or a bare address; `undefined` when it is neither, or has host bits set. */
export function readPrefix(text: string): OraclePrefix | undefined {
  const match = /^([0-9A-Fa-f:.]+)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text);
  if (match === null) return undefined;
  const v4 = readIpv4(match[1] ?? "");
  const value = v4 ?? readIpv6(match[1] ?? "");
  if (value === undefined) return undefined;
  const family = v4 === undefined ? 6 : 4;
  const width = widthOf(family);
  const bits = match[2] === undefined ? width : Number(match[2]);
  if (bits > width) return undefined;
  if (value % 2n ** BigInt(width - bits) !== 0n) return undefined;
  if (family === 6 && bits >= 96 && value >> 32n === 0xffffn) return { family: 4, value: value & 0xffffffffn, bits: bits - 96 };
  return { family, value, bits };
}

/** Whether the address lies in the network. Families never mix. */
export function isInside(prefix: OraclePrefix, address: OracleAddress): boolean {
  if (prefix.family !== address.family) return false;
  const size = 2n ** BigInt(widthOf(prefix.family) - prefix.bits);
  return address.value / size === prefix.value / size;
}

/** Whether a trust list names the address. A named range that the oracle does not know is an error in the test. */
export function isListed(list: readonly string[], address: OracleAddress): boolean {
  return list.some((entry) => {
    if (entry === "unix:") return false;
    const texts = entry.startsWith("provider:") ? RANGES[entry.slice("provider:".length)] : [entry];
    if (texts === undefined) throw new Error(`The oracle has no ranges for ${entry}`);
    return texts.some((text) => {
      const prefix = readPrefix(text);
      if (prefix === undefined) throw new Error(`The oracle cannot read ${text}`);
      return isInside(prefix, address);
    });
  });
}

/** Local in the sense of the default rule. Documentation ranges are not local. */
export function isLocal(address: OracleAddress): boolean {
  return isListed(LOCAL, address);
}

/** What to rate-limit by. */
export function keyOf(address: OracleAddress, groupBits: number): string {
  if (address.family === 4 || groupBits === 128) return textOf(address);
  const size = 2n ** BigInt(128 - groupBits);
  return `${textOf({ family: 6, value: (address.value / size) * size })}/${groupBits}`;
}
