import type { Prefix } from "wherefrom";
import { type AddressKey, textOf } from "./address-key.ts";
import type { AddressSorter } from "./address-sort.ts";
import { addDistinct, type Distinct } from "./distinct.ts";
import { isTouched, type Networks, networksOf } from "./networks.ts";

/**
 * Different addresses, each in a row of its own, and what was found out about it once: its sort, and who trusts it. Not a count of them.
 *
 * A class, as its arrays are one open hash table.
 */
export class AddressTable {
  readonly capacity: number;
  readonly #sorter: AddressSorter;
  readonly #trust: Trust[] = [];
  /** The row of each address, plus one; 0 where there is none. */
  readonly #slots: Int32Array;
  readonly #firsts: Int32Array;
  readonly #seconds: Int32Array;
  readonly #bits: Int32Array;
  readonly #texts: (string | undefined)[];
  readonly #sorts: Uint16Array;
  /** Who trusts it: for each trust list two bits, whether somebody has asked and what came out. */
  readonly #trusted: Uint32Array;
  #size = 0;

  constructor({ capacity, sorter }: { readonly capacity: number; readonly sorter: AddressSorter }) {
    this.capacity = capacity;
    this.#sorter = sorter;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2)));
    this.#firsts = new Int32Array(capacity);
    this.#seconds = new Int32Array(capacity);
    this.#bits = new Int32Array(capacity);
    this.#texts = new Array<string | undefined>(capacity).fill(undefined);
    this.#sorts = new Uint16Array(capacity);
    this.#trusted = new Uint32Array(capacity);
  }

  /** Rows that are taken. */
  get size(): number {
    return this.#size;
  }

  /** The row of an address, a new one where it has none. There must be room for it. */
  rowOf(address: AddressKey): number {
    const { text, bits, first } = address;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = first & mask; ; slot = (slot + 1) & mask) {
      const row = (slots[slot] as number) - 1;
      if (row === -1) return this.#insert(address, slot);
      if (this.#bits[row] === bits && this.#firsts[row] === first && this.#texts[row] === text) return row;
    }
  }

  /** Takes up a trust list, and what knows exactly whom it trusts; gives its number. At most 16. */
  addTrust({ rules }: { readonly rules: readonly { readonly prefixes: readonly Prefix[] }[] }, trusts: (text: string) => boolean): number {
    return this.#trust.push({ networks: networksOf(rules.flatMap(({ prefixes }) => prefixes)), trusts }) - 1;
  }

  /** Whether a trust list, by its number, trusts the address of a row. */
  isTrusted(row: number, list: number): boolean {
    const asked = 1 << (2 * list);
    const known = this.#trusted[row] as number;
    if ((known & asked) !== 0) return (known & (asked << 1)) !== 0;
    const { networks, trusts } = this.#trust[list] as Trust;
    const isTrusted = isTouched(networks, { text: this.#texts[row], bits: this.#bits[row] as number }) && trusts(this.textOf(row));
    this.#trusted[row] = known | asked | (isTrusted ? asked << 1 : 0);
    return isTrusted;
  }

  textOf(row: number): string {
    return textOf(this.#texts[row], this.#bits[row] as number);
  }

  /** The sort of the address, by its place in the sorter's list. */
  sortOf(row: number): number {
    return this.#sorts[row] as number;
  }

  /** Counts the addresses of rows among different ones. */
  addDistinct(rows: Int32Array, distinct: Distinct): void {
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      addDistinct(distinct, { first: this.#firsts[row] as number, second: this.#seconds[row] as number });
    }
  }

  /** Gives up all rows. */
  clear(): void {
    this.#slots.fill(0);
    this.#texts.fill(undefined, 0, this.#size);
    this.#size = 0;
  }

  #insert(address: AddressKey, slot: number): number {
    const row = this.#size++;
    this.#slots[slot] = row + 1;
    this.#firsts[row] = address.first;
    this.#seconds[row] = address.second;
    this.#bits[row] = address.bits;
    this.#texts[row] = address.text;
    this.#sorts[row] = this.#sorter.sortOf(address).id;
    this.#trusted[row] = 0;
    return row;
  }
}

/** A trust list: networks in which it trusts anybody, and whom it trusts. */
type Trust = { readonly networks: Networks; readonly trusts: (text: string) => boolean };
