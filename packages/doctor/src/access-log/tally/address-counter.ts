import { type AddressKey, textOf } from "./address-key.ts";
import type { AddressSorter } from "./address-sort.ts";
import { addDistinct, createDistinct, type Distinct, mergeDistinct } from "./distinct.ts";
import { count, type Figures } from "./figures.ts";
import { cutOf, mergeFrequent, roomOf } from "./frequent.ts";

/**
 * Counts lines by their address, the commonest ones by Misra and Gries, in bounded room. What is found out about an address once stands beside its count.
 *
 * A class, as its arrays are one open hash table.
 */
export class AddressCounter {
  readonly #capacity: number;
  readonly #sorter: AddressSorter;
  /** The row of each address, plus one; 0 where there is none. */
  readonly #slots: Int32Array;
  readonly #hashes: Int32Array;
  readonly #bits: Int32Array;
  readonly #texts: (string | undefined)[];
  readonly #counts: Float64Array;
  readonly #sorts: Uint16Array;
  #size = 0;
  #error = 0;
  readonly #distinct: Distinct = createDistinct();
  /** Lines by the sort of their address. */
  readonly #bySort: number[] = [];

  constructor({ capacity, sorter }: { readonly capacity: number; readonly sorter: AddressSorter }) {
    this.#capacity = capacity;
    this.#sorter = sorter;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2)));
    this.#hashes = new Int32Array(capacity + 1);
    this.#bits = new Int32Array(capacity + 1);
    this.#texts = new Array<string | undefined>(capacity + 1).fill(undefined);
    this.#counts = new Float64Array(capacity + 1);
    this.#sorts = new Uint16Array(capacity + 1);
  }

  add(address: AddressKey, lines: number): void {
    const { text, bits, first } = address;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = first & mask; ; slot = (slot + 1) & mask) {
      const row = (slots[slot] as number) - 1;
      if (row === -1) return this.#insert(address, { slot, lines });
      if (this.#hashes[row] !== first || this.#bits[row] !== bits || this.#texts[row] !== text) continue;
      this.#counts[row] = (this.#counts[row] as number) + lines;
      this.#addSort(this.#sorts[row] as number, lines);
      return;
    }
  }

  /** Adds what was counted to figures. */
  addTo(figures: Figures): void {
    for (const { id, kind, provider, family } of this.#sorter.sorts) {
      const lines = this.#bySort[id] ?? 0;
      if (lines === 0) continue;
      count(figures.kinds, kind, lines);
      if (provider !== undefined) count(figures.providers, provider, lines);
      count(figures.families, family, lines);
    }
    const counts = new Map<string, number>();
    for (let row = 0; row < this.#size; row++) counts.set(textOf(this.#texts[row], this.#bits[row] as number), this.#counts[row] as number);
    mergeFrequent(figures.addresses, { counts, error: this.#error }, this.#capacity);
    mergeDistinct(figures.distinct, this.#distinct);
  }

  #addSort(id: number, lines: number): void {
    this.#bySort[id] = (this.#bySort[id] ?? 0) + lines;
  }

  #insert(address: AddressKey, { slot, lines }: { readonly slot: number; readonly lines: number }): void {
    const row = this.#size++;
    const { id } = this.#sorter.sortOf(address);
    this.#slots[slot] = row + 1;
    this.#hashes[row] = address.first;
    this.#bits[row] = address.bits;
    this.#texts[row] = address.text;
    this.#counts[row] = lines;
    this.#sorts[row] = id;
    this.#addSort(id, lines);
    addDistinct(this.#distinct, address);
    if (row === this.#capacity) this.#thin();
  }

  /** Takes from all as much as the first that has no room had; who has nothing left goes. */
  #thin(): void {
    const cut = cutOf(this.#counts.subarray(0, this.#size), roomOf(this.#capacity));
    const mask = this.#slots.length - 1;
    let kept = 0;
    this.#slots.fill(0);
    for (let row = 0; row < this.#size; row++) {
      const left = (this.#counts[row] as number) - cut;
      if (left <= 0) continue;
      const hash = this.#hashes[row] as number;
      this.#hashes[kept] = hash;
      this.#bits[kept] = this.#bits[row] as number;
      this.#texts[kept] = this.#texts[row];
      this.#counts[kept] = left;
      this.#sorts[kept] = this.#sorts[row] as number;
      let slot = hash & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = ++kept;
    }
    this.#texts.fill(undefined, kept, this.#size);
    this.#size = kept;
    this.#error += cut;
  }
}
