/**
 * Addresses as bigints, read by split and pattern.
 *
 * The slow second reading of the address rules. It shares nothing with the library, so that both have to make the same
 * mistake for a test to miss it.
 */
export type OracleAddress = { readonly family: 4 | 6; readonly value: bigint };

/** An address with what may stand beside it in a hop. */
export type OracleHopAddress = OracleAddress & { readonly port?: number };

const PART = "(?:0|[1-9][0-9]{0,2})";
const DOTTED = new RegExp(`^${PART}\\.${PART}\\.${PART}\\.${PART}$`);
const ZONE = /^[A-Za-z0-9._~-]+$/;
const MAPPED_PREFIX = 0xffffn;

/** Dotted decimal: four parts of 0 to 255 without leading zeros. */
export function readIpv4(text: string): bigint | undefined {
  if (!DOTTED.test(text)) return undefined;
  const parts = text.split(".").map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function readGroups(half: string, mayEndDotted: boolean): bigint[] | undefined {
  if (half === "") return [];
  const texts = half.split(":");
  const groups: bigint[] = [];
  for (const [at, text] of texts.entries()) {
    const isLast = at === texts.length - 1;
    const dotted = isLast && mayEndDotted ? readIpv4(text) : undefined;
    if (dotted !== undefined) {
      groups.push(dotted / 65536n, dotted % 65536n);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(text)) {
      groups.push(BigInt(`0x${text}`));
    } else {
      return undefined;
    }
  }
  return groups;
}

/** RFC 4291 section 2.2 text, all three forms. `::` stands for at least one group. */
export function readIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const tail = readGroups(halves[halves.length - 1] ?? "", true);
  const head = halves.length === 2 ? readGroups(halves[0] ?? "", false) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...tail];
  return groups.reduce((value, group) => value * 65536n + group, 0n);
}

/** An IPv4-mapped IPv6 address is the IPv4 address. */
function foldMapped(address: OracleAddress): OracleAddress {
  if (address.family === 6 && address.value >> 32n === MAPPED_PREFIX) return { family: 4, value: address.value & 0xffffffffn };
  return address;
}

function readPort(text: string): number | undefined {
  if (!/^[0-9]{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port > 65535 ? undefined : port;
}

function readZonedIpv6(text: string): OracleAddress | undefined {
  const percent = text.indexOf("%");
  if (percent >= 0 && !ZONE.test(text.slice(percent + 1))) return undefined;
  const value = readIpv6(percent >= 0 ? text.slice(0, percent) : text);
  return value === undefined ? undefined : foldMapped({ family: 6, value });
}

function readAnyForm(text: string): OracleHopAddress | undefined {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (bracketed !== null) {
    const inner = readZonedIpv6(bracketed[1] ?? "");
    if (inner === undefined || bracketed[2] === undefined) return inner;
    const port = readPort(bracketed[2]);
    return port === undefined ? undefined : { ...inner, port };
  }
  const v4 = readIpv4(text);
  if (v4 !== undefined) return { family: 4, value: v4 };
  const withPort = /^([0-9.]+):(.*)$/s.exec(text);
  if (withPort !== null) {
    const value = readIpv4(withPort[1] ?? "");
    const port = readPort(withPort[2] ?? "");
    if (value !== undefined && port !== undefined) return { family: 4, value, port };
  }
  return readZonedIpv6(text);
}

/** Longer than an address can be, unless for its zone. */
export const MAX_HOP_LENGTH = 128;

/** The address of a hop or a peer: every form that is read, and never the unspecified address. */
export function readHopAddress(text: string): OracleHopAddress | undefined {
  if (text.length > MAX_HOP_LENGTH) return undefined;
  const address = readAnyForm(text);
  return address === undefined || address.value === 0n ? undefined : address;
}

/** Canonical text: dotted decimal, or RFC 5952 section 4 with hexadecimal groups throughout. */
export function textOf(address: OracleAddress): string {
  if (address.family === 4) return [24n, 16n, 8n, 0n].map((shift) => (address.value >> shift) & 255n).join(".");
  const groups = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((address.value >> shift) & 65535n).toString(16));
  for (let length = 8; length >= 2; length -= 1) {
    for (let from = 0; from + length <= 8; from += 1) {
      if (groups.slice(from, from + length).every((group) => group === "0")) {
        return `${groups.slice(0, from).join(":")}::${groups.slice(from + length).join(":")}`;
      }
    }
  }
  return groups.join(":");
}
