import type { ReadLine } from "./line-reader.ts";

/** Lines are counted apart by what a report sets side by side: before and after a time, HTTP and WebSocket. */
export const CELLS = 4;

export type EvidenceTableOptions = {
  readonly values: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Gets each different evidence, and where in `counts` stands how many lines of each cell had it. Both are used again for the next. */
  readonly onEntry: (values: readonly string[], counts: Int32Array, at: number) => void;
};

/**
 * Counts lines by their evidence, so that equal evidence is resolved once. It holds a bounded number of different ones; when there are more, all are handed out and it begins anew. Handing out
 * the same evidence twice, with a part of its lines each time, changes no sum.
 *
 * A class, as it owns one open hash table over one memory. What belongs to one evidence stands together there, so that a line touches little of it: its hash, its lines by cell, the length of each
 * value, and the values, each from a whole word on.
 */
export class EvidenceTable {
  readonly #onEntry: EvidenceTableOptions["onEntry"];
  readonly #values: number;
  readonly #maxEntries: number;
  /** Where in the memory each entry begins, in words, plus one; 0 where there is none. */
  readonly #slots: Int32Array;
  readonly #memory: Int32Array;
  #entries = 0;
  /** Words that are taken. */
  #taken = 0;
  /** The bytes that lines stand in now. */
  #source: Buffer | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor({ values, maxEntries, maxBytes, onEntry }: EvidenceTableOptions) {
    this.#onEntry = onEntry;
    this.#values = values;
    this.#maxEntries = maxEntries;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(maxEntries * 2)));
    this.#memory = new Int32Array((maxBytes >> 2) + maxEntries * (VALUES + 2 * values));
  }

  /** Counts a line in a cell. Up to three bytes behind each of its values are looked at, and must be there. */
  add(line: ReadLine, cell: number): void {
    const { starts, ends, source } = line;
    if (source !== this.#source) {
      this.#source = source;
      this.#view = new DataView(source.buffer, source.byteOffset);
    }
    const memory = this.#memory;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = hashOf(line, this.#view, this.#values);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (slots[slot] as number) - 1;
      if (entry === -1) return this.#insert(line, { hash, slot, cell });
      if (memory[entry] !== hash || !this.#isAt(entry, starts, ends)) continue;
      const lines = ((memory[entry + 1 + cell] as number) + 1) | 0;
      memory[entry + 1 + cell] = lines;
      if (lines === MAX_LINES) this.drain();
      return;
    }
  }

  /** Hands out everything, and is empty then. */
  drain(): void {
    const memory = this.#memory;
    const texts: string[] = new Array<string>(this.#values).fill("");
    const all = Buffer.from(memory.buffer).toString("latin1", 0, this.#taken * 4);
    for (let entry = 0; entry < this.#taken; ) {
      let at = entry + VALUES + this.#values;
      for (let value = 0; value < this.#values; value++) {
        const length = memory[entry + VALUES + value] as number;
        texts[value] = all.slice(at * 4, at * 4 + length);
        at += (length + 3) >> 2;
      }
      this.#onEntry(texts, memory, entry + 1);
      entry = at;
    }
    this.#slots.fill(0);
    this.#entries = 0;
    this.#taken = 0;
  }

  #insert(line: ReadLine, { hash, slot, cell }: { readonly hash: number; readonly slot: number; readonly cell: number }): void {
    const { starts, ends } = line;
    let words = VALUES + this.#values;
    for (let value = 0; value < this.#values; value++) words += ((ends[value] as number) - (starts[value] as number) + 3) >> 2;
    if (this.#entries === this.#maxEntries || this.#taken + words > this.#memory.length) {
      this.drain();
      return this.add(line, cell);
    }
    const memory = this.#memory;
    const entry = this.#taken;
    this.#entries++;
    this.#taken += words;
    this.#slots[slot] = entry + 1;
    memory[entry] = hash;
    memory.fill(0, entry + 1, entry + VALUES);
    memory[entry + 1 + cell] = 1;
    let to = entry + VALUES + this.#values;
    for (let value = 0; value < this.#values; value++) {
      const start = starts[value] as number;
      const length = (ends[value] as number) - start;
      memory[entry + VALUES + value] = length;
      for (let at = 0; at < length; at += 4) memory[to++] = this.#view.getInt32(start + at, true) & maskOf(length - at);
    }
  }

  /** Whether the values of an entry are those of a line. */
  #isAt(entry: number, starts: Int32Array, ends: Int32Array): boolean {
    const memory = this.#memory;
    const view = this.#view;
    let word = (entry + VALUES + this.#values) | 0;
    for (let value = 0; value < this.#values; value++) {
      const start = starts[value] as number;
      const length = ((ends[value] as number) - start) | 0;
      if (memory[entry + VALUES + value] !== length) return false;
      for (let at = 0; at < length; at = (at + 4) | 0, word = (word + 1) | 0)
        if (((view.getInt32(start + at, true) ^ (memory[word] as number)) & maskOf(length - at)) !== 0) return false;
    }
    return true;
  }
}

/** Where in an entry its values begin, lengths first: behind the hash and the lines of each cell. */
const VALUES = 1 + CELLS;

/** Lines that one entry can count. */
const MAX_LINES = 0x7fffffff;

/** The bits that count of a word where so many bytes are left. */
function maskOf(bytes: number): number {
  return bytes >= 4 ? -1 : -1 >>> ((4 - bytes) << 3);
}

/** A hash over the bytes of all values, four at a time, with their lengths between them. Mixing is Murmur3's (Appleby, 2008, public domain). */
function hashOf({ starts, ends }: ReadLine, view: DataView, values: number): number {
  let hash = 0;
  for (let value = 0; value < values; value++) {
    const end = ends[value] as number;
    const start = starts[value] as number;
    for (let at = start; at < end; at = (at + 4) | 0) hash = mix(hash, view.getInt32(at, true) & maskOf(end - at));
    hash = mix(hash, end - start);
  }
  return hash ^ (hash >>> 16);
}

function mix(hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  const mixed = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
