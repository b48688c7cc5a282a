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
 * A class, as its arrays are one open hash table over one store of bytes. What belongs to one evidence stands in one row, so that a line touches little memory.
 */
export class EvidenceTable {
  readonly #options: EvidenceTableOptions;
  readonly #store: Buffer;
  readonly #storeView: DataView;
  /** The bytes that lines stand in now. */
  #source: Buffer | undefined;
  #sourceView: DataView = new DataView(new ArrayBuffer(0));
  readonly #slots: Int32Array;
  readonly #mask: number;
  /** A row an entry: its hash, its lines by cell, where in the store each of its values begins, and where the last ends. */
  readonly #rows: Int32Array;
  readonly #width: number;
  #entries = 0;
  #bytes = 0;

  constructor(options: EvidenceTableOptions) {
    const { values, maxEntries, maxBytes } = options;
    const slots = 2 ** Math.ceil(Math.log2(maxEntries * 2));
    this.#options = options;
    this.#store = Buffer.allocUnsafeSlow(maxBytes);
    this.#storeView = new DataView(this.#store.buffer);
    this.#slots = new Int32Array(slots);
    this.#mask = slots - 1;
    this.#width = PLACES + values + 1;
    this.#rows = new Int32Array(maxEntries * this.#width);
  }

  add(line: ReadLine, cell: number): void {
    const rows = this.#rows;
    const width = this.#width;
    if (line.source !== this.#source) this.#open(line.source);
    const hash = hashOf(this.#sourceView, line, this.#options.values);
    let slot = hash & this.#mask;
    for (;;) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry === -1) break;
      const row = entry * width;
      if (rows[row] === hash && this.#isAt(row, line)) {
        const lines = (rows[row + 1 + cell] as number) + 1;
        rows[row + 1 + cell] = lines;
        if (lines === MAX_LINES) this.drain();
        return;
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#insert(line, { hash, slot, cell });
  }

  /** Hands out everything, and is empty then. */
  drain(): void {
    const { values, onEntry } = this.#options;
    const texts: string[] = new Array<string>(values).fill("");
    const all = this.#store.toString("latin1", 0, this.#bytes);
    for (let entry = 0; entry < this.#entries; entry++) {
      const row = entry * this.#width;
      for (let value = 0; value < values; value++) {
        const place = row + PLACES + value;
        texts[value] = all.slice(this.#rows[place], this.#rows[place + 1]);
      }
      onEntry(texts, this.#rows, row + 1);
    }
    this.#slots.fill(0);
    this.#entries = 0;
    this.#bytes = 0;
  }

  #insert(line: ReadLine, { hash, slot, cell }: { hash: number; slot: number; cell: number }): void {
    const { values, maxEntries, maxBytes } = this.#options;
    let length = 0;
    for (let value = 0; value < values; value++) length += (line.ends[value] as number) - (line.starts[value] as number);
    if (this.#entries === maxEntries || this.#bytes + length > maxBytes) {
      this.drain();
      return this.add(line, cell);
    }
    const row = this.#entries++ * this.#width;
    this.#slots[slot] = this.#entries;
    this.#rows[row] = hash;
    this.#rows.fill(0, row + 1, row + PLACES);
    this.#rows[row + 1 + cell] = 1;
    for (let value = 0; value < values; value++) {
      this.#rows[row + PLACES + value] = this.#bytes;
      this.#bytes += line.source.copy(this.#store, this.#bytes, line.starts[value], line.ends[value]);
    }
    this.#rows[row + PLACES + values] = this.#bytes;
  }

  #open(source: Buffer): void {
    this.#source = source;
    this.#sourceView = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  #isAt(row: number, { starts, ends }: ReadLine): boolean {
    const { values } = this.#options;
    const store = this.#storeView;
    const source = this.#sourceView;
    for (let value = 0; value < values; value++) {
      const start = starts[value] as number;
      const length = (ends[value] as number) - start;
      const place = this.#rows[row + PLACES + value] as number;
      if ((this.#rows[row + PLACES + value + 1] as number) - place !== length) return false;
      let at = 0;
      for (; at + 4 <= length; at += 4) if (store.getInt32(place + at) !== source.getInt32(start + at)) return false;
      for (; at < length; at++) if (store.getUint8(place + at) !== source.getUint8(start + at)) return false;
    }
    return true;
  }
}

/** Where in a row the places of values begin: behind the hash and the lines of each cell. */
const PLACES = 1 + CELLS;

/** Lines that one row can count. */
const MAX_LINES = 0x7fffffff;

/** A hash over the bytes of all values, four at a time, with their lengths between them. Mixing is Murmur3's (Appleby, 2008, public domain). */
function hashOf(view: DataView, { starts, ends }: ReadLine, values: number): number {
  let hash = 0;
  for (let value = 0; value < values; value++) {
    const end = ends[value] as number;
    let at = starts[value] as number;
    const length = end - at;
    for (; at + 4 <= end; at += 4) hash = mix(hash, view.getInt32(at, true));
    let rest = length;
    for (; at < end; at++) rest = (rest << 8) | view.getUint8(at);
    hash = mix(hash, rest);
  }
  return hash ^ (hash >>> 16);
}

function mix(hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  const mixed = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
