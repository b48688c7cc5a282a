import { parseAddress } from "wherefrom";
import type { EvidenceRole } from "../format/role.ts";
import { isNothing } from "../read/decode.ts";
import type { HeldEvidence } from "../read/evidence-table.ts";
import { createAddressKey, readAddressKey, readIpv4Key } from "../tally/address-key.ts";
import type { AddressTable } from "../tally/address-table.ts";
import { NO_ROW } from "./verdicts.ts";

const COMMA = 0x2c;
const SPACE = 0x20;
const TAB = 0x09;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;

/** Hops of a plain chain, and its bytes: far below what a resolver reads, so that no limit of it matters. */
const MAX_HOPS = 16;
const MAX_BYTES = 1_024;

/** Longest text of an address. */
const MAX_ADDRESS_BYTES = 45;

/** Rows that reading one evidence takes at most. */
export const PLAIN_ROWS: number = MAX_HOPS + 1;

/** Stands for text that is no bare address. */
const NOT_PLAIN = -2;

/**
 * The peer and the chain of evidence in which both are nothing but bare addresses, as they nearly always are: read once, from its bytes, for whoever asks about them. It decides nothing. Evidence
 * with anything else in it (a port, brackets, a zone, opaque text, an escape, several lines, very many hops) is not plain, and is for a resolver to read.
 *
 * A class, as its fields are used again for each evidence.
 */
export class PlainEvidence {
  /** The row of the peer; -1 where nobody knows it. */
  peer: number = NO_ROW;
  /** How many hops there are, and their rows, the leftmost first. */
  hops = 0;
  readonly rows: Int32Array = new Int32Array(MAX_HOPS);
  readonly #addresses: AddressTable;
  readonly #peerAt: number;
  readonly #chainAt: number;
  readonly #isReadable: boolean;
  readonly #key = createAddressKey();

  constructor(
    roles: readonly EvidenceRole[],
    { chainHeader, addresses }: { readonly chainHeader: string; readonly addresses: AddressTable },
  ) {
    this.#addresses = addresses;
    this.#peerAt = roles.findIndex(({ kind }) => kind === "peer");
    this.#chainAt = roles.findIndex((role) => role.kind === "header" && role.name === chainHeader);
    // its grammar is another one; and which of HAProxy's captures it is does not show in its bytes
    this.#isReadable = chainHeader !== "forwarded" && roles.every(({ kind }) => kind !== "capture");
  }

  /** Reads evidence. On `false` it is not plain, and what was read is of no use. */
  read(held: HeldEvidence): boolean {
    if (!this.#isReadable) return false;
    this.hops = 0;
    this.peer = this.#peerAt === -1 ? NO_ROW : this.#readPeer(held, this.#peerAt);
    return this.peer !== NOT_PLAIN && (this.#chainAt === -1 || this.#readChain(held, this.#chainAt));
  }

  #readPeer({ source, starts, ends }: HeldEvidence, value: number): number {
    const start = starts[value] as number;
    const end = ends[value] as number;
    if (isNothing(source, start, end)) return NO_ROW;
    const row = this.#rowAt(source, start, end);
    // how it is written is told of a peer, too
    return row !== NOT_PLAIN && source[start] === COLON ? NOT_PLAIN : row;
  }

  #readChain({ source, starts, ends }: HeldEvidence, value: number): boolean {
    const end = ends[value] as number;
    let at = starts[value] as number;
    if (isNothing(source, at, end)) return true;
    if (end - at > MAX_BYTES) return false;
    while (at < end) {
      const code = source[at] as number;
      if (code === COMMA || code === SPACE || code === TAB) {
        at++;
        continue;
      }
      let comma = at;
      while (comma < end && source[comma] !== COMMA) comma++;
      let last = comma;
      while (source[last - 1] === SPACE || source[last - 1] === TAB) last--;
      const row = this.hops === MAX_HOPS ? NOT_PLAIN : this.#rowAt(source, at, last);
      if (row === NOT_PLAIN) return false;
      this.rows[this.hops++] = row;
      at = comma;
    }
    return true;
  }

  /** The row of the address that fills `[start, end)`. */
  #rowAt(bytes: Buffer, start: number, end: number): number {
    const key = this.#key;
    let bits = 0;
    let octet = -1;
    let dots = 0;
    for (let at = start; at < end; at++) {
      const digit = (bytes[at] as number) - ZERO;
      if (digit === DOT - ZERO) {
        if (octet === -1) return this.#otherRowAt(bytes, start, end);
        bits = (bits << 8) | octet;
        octet = -1;
        dots++;
      } else {
        // a zero leads no other digit
        if (digit >>> 0 > 9 || octet === 0) return this.#otherRowAt(bytes, start, end);
        octet = octet === -1 ? digit : octet * 10 + digit;
        if (octet > 255) return this.#otherRowAt(bytes, start, end);
      }
    }
    bits = (bits << 8) | octet;
    if (dots !== 3 || octet === -1 || bits === 0) return NOT_PLAIN;
    readIpv4Key(bits, key);
    return this.#addresses.rowOf(key);
  }

  #otherRowAt(bytes: Buffer, start: number, end: number): number {
    if (end - start > MAX_ADDRESS_BYTES) return NOT_PLAIN;
    const address = parseAddress(bytes.toString("latin1", start, end));
    if (address === undefined) return NOT_PLAIN;
    readAddressKey(address.text, this.#key);
    return this.#addresses.rowOf(this.#key);
  }
}
