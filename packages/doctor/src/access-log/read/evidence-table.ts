import { createReadLine, type ReadLine } from "./line-reader.ts";

/** Lines are counted apart by what a report sets side by side: before and after a time, HTTP and WebSocket. */
export const CELLS = 4;

export type EvidenceTableOptions = {
  readonly values: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Gets each different evidence, and where in `counts` stands how many lines of each cell had it. Both are used again for the next. */
  readonly onEntry: (held: HeldEvidence, counts: Int32Array, at: number) => void;
};

/** Evidence as its values stood in the log: value `i` is `source[starts[i], ends[i])`, and `text[starts[i], ends[i])`, a character a byte. */
export type HeldEvidence = Pick<ReadLine, "source" | "starts" | "ends"> & { readonly text: string };

/**
 * Counts lines by their evidence, so that equal evidence is resolved once. It holds a bounded number of different ones; when there are more, all are handed out and it begins anew. Handing out
 * the same evidence twice, with a part of its lines each time, changes no sum.
 *
 * A class, as it owns one open hash table over one memory. What belongs to one evidence stands together there: its hash, its lines by cell, and its key, which is the length of each value and then
 * the values, each from a whole word on. Lines wait until there are `BATCH` of them, and are then looked up together: the table is larger than a processor's cache, and it fetches several entries at
 * a time only where one look-up does not wait for the one before.
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
  /** The keys of lines that wait, one behind the other; of each its hash, its cell, and where its key begins. The last begins where the next will. */
  #keys = new Int32Array(4_096);
  readonly #hashes = new Int32Array(BATCH);
  readonly #cells = new Int32Array(BATCH);
  readonly #begins = new Int32Array(BATCH + 1);
  #waiting = 0;
  /** What their first slots hold, and the hashes that stand there. */
  readonly #found = new Int32Array(BATCH);
  readonly #foundHashes = new Int32Array(BATCH);
  /** The bytes that lines stand in now. */
  #source: Buffer | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor({ values, maxEntries, maxBytes, onEntry }: EvidenceTableOptions) {
    this.#onEntry = onEntry;
    this.#values = values;
    this.#maxEntries = maxEntries;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(maxEntries * 2)));
    this.#memory = new Int32Array((maxBytes >> 2) + maxEntries * (KEY + 2 * values));
  }

  /** Counts a line in a cell. Up to three bytes behind each of its values are looked at, and must be there. */
  add(line: ReadLine, cell: number): void {
    const { starts, ends, source } = line;
    if (source !== this.#source) {
      this.#source = source;
      this.#view = new DataView(source.buffer, source.byteOffset);
    }
    const view = this.#view;
    const values = this.#values;
    let to = this.#begins[this.#waiting] as number;
    let most = to + 2 * values;
    for (let value = 0; value < values; value++) most += ((ends[value] as number) - (starts[value] as number)) >> 2;
    if (most > this.#keys.length) this.#grow(most);
    const keys = this.#keys;
    let hash = 0;
    for (let value = 0; value < values; value++) {
      let at = starts[value] as number;
      const end = ends[value] as number;
      const length = (end - at) | 0;
      keys[to++] = length;
      hash = mix(hash, length);
      for (const last = (end - 4) | 0; at <= last; at = (at + 4) | 0) {
        const word = view.getInt32(at, true);
        keys[to++] = word;
        hash = mix(hash, word);
      }
      if (at === end) continue;
      const rest = view.getInt32(at, true) & (-1 >>> ((4 - end + at) << 3));
      keys[to++] = rest;
      hash = mix(hash, rest);
    }
    const waiting = this.#waiting++;
    this.#hashes[waiting] = finished(hash);
    this.#cells[waiting] = cell;
    this.#begins[waiting + 1] = to;
    if (waiting === BATCH - 1) this.#lookUp();
  }

  /** Hands out everything, and is empty then. */
  drain(): void {
    this.#lookUp();
    this.#handOut();
  }

  /** Counts the lines that wait. */
  #lookUp(): void {
    const length = this.#waiting;
    const hashes = this.#hashes;
    const memory = this.#memory;
    const slots = this.#slots;
    const found = this.#found;
    const foundHashes = this.#foundHashes;
    const mask = slots.length - 1;
    // nothing in these two loops waits for what is fetched
    for (let line = 0; line < length; line++) found[line] = slots[(hashes[line] as number) & mask] as number;
    for (let line = 0; line < length; line++) foundHashes[line] = memory[Math.max(0, (found[line] as number) - 1)] as number;
    for (let line = 0; line < length; line++) {
      const entry = (found[line] as number) - 1;
      if (entry !== -1 && foundHashes[line] === hashes[line] && this.#isAt(entry, line)) this.#count(entry, line);
      else this.#find(line);
    }
    this.#waiting = 0;
  }

  /** Looks a line's evidence up from its first slot on, and makes an entry where there is none. */
  #find(line: number): void {
    const memory = this.#memory;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = this.#hashes[line] as number;
    let slot = hash & mask;
    for (let probes = 0; probes < MAX_PROBES; probes++, slot = (slot + 1) & mask) {
      const entry = (slots[slot] as number) - 1;
      if (entry === -1) return this.#insert(line, slot);
      if (memory[entry] === hash && this.#isAt(entry, line)) return this.#count(entry, line);
    }
    this.#handOut();
    this.#insert(line, hash & mask);
  }

  #count(entry: number, line: number): void {
    const at = entry + 1 + (this.#cells[line] as number);
    const lines = ((this.#memory[at] as number) + 1) | 0;
    this.#memory[at] = lines;
    if (lines === MAX_LINES) this.#handOut();
  }

  #insert(line: number, slot: number): void {
    const begin = this.#begins[line] as number;
    const words = KEY + (this.#begins[line + 1] as number) - begin;
    if (this.#entries === this.#maxEntries || this.#taken + words > this.#memory.length) {
      this.#handOut();
      return this.#insert(line, (this.#hashes[line] as number) & (this.#slots.length - 1));
    }
    const memory = this.#memory;
    const entry = this.#taken;
    this.#entries++;
    this.#taken = nextEntry(entry + words);
    this.#slots[slot] = entry + 1;
    memory[entry] = this.#hashes[line] as number;
    memory.fill(0, entry + 1, entry + KEY);
    memory[entry + 1 + (this.#cells[line] as number)] = 1;
    // a key is short: to copy it at once would cost a view of it
    const keys = this.#keys;
    for (let at = KEY; at < words; at++) memory[entry + at] = keys[begin + at - KEY] as number;
  }

  /** Whether the key of an entry is that of a line. */
  #isAt(entry: number, line: number): boolean {
    const memory = this.#memory;
    const keys = this.#keys;
    const end = this.#begins[line + 1] as number;
    let word = (entry + KEY) | 0;
    // lengths stand between the values, so that no key is the beginning of another
    for (let at = this.#begins[line] as number; at < end; at = (at + 1) | 0, word = (word + 1) | 0)
      if (memory[word] !== keys[at]) return false;
    return true;
  }

  #handOut(): void {
    const memory = this.#memory;
    const source = Buffer.from(memory.buffer);
    const { starts, ends } = createReadLine(this.#values);
    // pieces of one text cost a tenth of texts that are made one by one
    const held = { source, starts, ends, text: source.toString("latin1", 0, this.#taken * 4) };
    for (let entry = 0; entry < this.#taken; ) {
      let at = entry + KEY;
      for (let value = 0; value < this.#values; value++) {
        const length = memory[at++] as number;
        starts[value] = at * 4;
        ends[value] = at * 4 + length;
        at += (length + 3) >> 2;
      }
      this.#onEntry(held, memory, entry + 1);
      entry = nextEntry(at);
    }
    this.#slots.fill(0);
    this.#entries = 0;
    this.#taken = 0;
    // what was found for lines that still wait is no entry any more
    this.#found.fill(0);
  }

  /** Makes room for keys up to so many words. */
  #grow(words: number): void {
    const larger = new Int32Array(words * 2);
    larger.set(this.#keys);
    this.#keys = larger;
  }
}

/** Lines that are looked up together. */
const BATCH = 64;

/** Slots that are looked at for one line. So many taken ones in a row are no accident: somebody chose evidence whose hashes collide. */
const MAX_PROBES = 256;

/** Where in an entry its key begins: behind the hash and the lines of each cell. */
const KEY = 1 + CELLS;

/** Lines that one entry can count. */
const MAX_LINES = 0x7fffffff;

/** The first place from `word` on where an entry may begin: with a line of the cache, of 64 bytes, which most entries then fit in. */
function nextEntry(word: number): number {
  return (word + 15) & -16;
}

/** Mixing is that of Firefox's hash tables (a rotation, an exclusive or, a multiplication), its end Murmur3's (Appleby, 2008, public domain). */
function mix(hash: number, word: number): number {
  return Math.imul(((hash << 5) | (hash >>> 27)) ^ word, 0x9e3779b9);
}

function finished(hash: number): number {
  const halved = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return halved ^ (halved >>> 13);
}
