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
    this.#slots = new Int32Array(slots);
    this.#mask = slots - 1;
    this.#width = PLACES + values + 1;
    this.#rows = new Int32Array(maxEntries * this.#width);
  }

  add(line: ReadLine, cell: number): void {
    const rows = this.#rows;
    const width = this.#width;
    const hash = hashOf(line, this.#options.values);
    let slot = (hash ^ (hash >>> 15)) & this.#mask;
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

  #isAt(row: number, { source, starts, ends }: ReadLine): boolean {
    const { values } = this.#options;
    const store = this.#store;
    for (let value = 0; value < values; value++) {
      const start = starts[value] as number;
      const length = (ends[value] as number) - start;
      const place = this.#rows[row + PLACES + value] as number;
      if ((this.#rows[row + PLACES + value + 1] as number) - place !== length) return false;
      for (let at = 0; at < length; at++) if (store[place + at] !== source[start + at]) return false;
    }
    return true;
  }
}

/** Where in a row the places of values begin: behind the hash and the lines of each cell. */
const PLACES = 1 + CELLS;

/** Lines that one row can count. */
const MAX_LINES = 0x7fffffff;

/** FNV-1a over the bytes of all values, with a mark between them. */
function hashOf({ source, starts, ends }: ReadLine, values: number): number {
  let hash = 0x811c9dc5;
  for (let value = 0; value < values; value++) {
    const end = ends[value] as number;
    for (let at = starts[value] as number; at < end; at++) hash = Math.imul(hash ^ (source[at] as number), 0x01000193);
    hash = Math.imul(hash ^ 0x100, 0x01000193);
  }
  return hash;
}
