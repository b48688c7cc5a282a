import { type AddressKey, textOf } from "./address-key.ts";
import type { AddressSorter } from "./address-sort.ts";
import { addDistinct, type Distinct } from "./distinct.ts";

/**
 * Different addresses, each in a row of its own, and what was found out about it once: its sort, and whether it is trusted. Not a count of them.
 *
 * A class, as its arrays are one open hash table.
 */
export class AddressTable {
  readonly capacity: number;
  readonly #sorter: AddressSorter;
  readonly #trusts: (text: string) => boolean;
  /** The row of each address, plus one; 0 where there is none. */
  readonly #slots: Int32Array;
  readonly #firsts: Int32Array;
  readonly #seconds: Int32Array;
  readonly #bits: Int32Array;
  readonly #texts: (string | undefined)[];
  readonly #sorts: Uint16Array;
  /** Whether it is trusted, where somebody has asked. */
  readonly #trust: Uint8Array;
  #size = 0;

  constructor({
    capacity,
    sorter,
    trusts,
  }: { readonly capacity: number; readonly sorter: AddressSorter; readonly trusts: (text: string) => boolean }) {
    this.capacity = capacity;
    this.#sorter = sorter;
    this.#trusts = trusts;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2)));
    this.#firsts = new Int32Array(capacity);
    this.#seconds = new Int32Array(capacity);
    this.#bits = new Int32Array(capacity);
    this.#texts = new Array<string | undefined>(capacity).fill(undefined);
    this.#sorts = new Uint16Array(capacity);
    this.#trust = new Uint8Array(capacity);
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

  /** Whether the address of a row is trusted. */
  isTrusted(row: number): boolean {
    const known = this.#trust[row] as number;
    if (known !== UNASKED) return known === TRUSTED;
    const isTrusted = this.#trusts(this.textOf(row));
    this.#trust[row] = isTrusted ? TRUSTED : UNTRUSTED;
    return isTrusted;
  }

  textOf(row: number): string {
    return textOf(this.#texts[row], this.#bits[row] as number);
  }

  /** The sort of the address, by its place in the sorter's list. */
  sortOf(row: number): number {
    return this.#sorts[row] as number;
  }

  /** Counts the address among different ones. */
  addDistinct(row: number, distinct: Distinct): void {
    addDistinct(distinct, { first: this.#firsts[row] as number, second: this.#seconds[row] as number });
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
    this.#trust[row] = UNASKED;
    return row;
  }
}

const UNASKED = 0;
const UNTRUSTED = 1;
const TRUSTED = 2;
