import type { AddressSorter } from "./address-sort.ts";
import type { AddressTable } from "./address-table.ts";
import { count, type Figures } from "./figures.ts";
import { cutOf, mergeFrequent, roomOf } from "./frequent.ts";

export type AddressCounterOptions = {
  readonly addresses: AddressTable;
  readonly sorter: AddressSorter;
  /** Where counts go in the end: of each cell, the figures of each subject. */
  readonly figures: readonly (readonly Figures[])[];
  /** How many addresses the figures of a subject keep. */
  readonly capacityOf: (subject: number) => number;
};

/**
 * Counts lines by the rows of their addresses, for all subjects at once. When the table of rows is nearly full it adds what it has to the figures, and both begin anew; adding an address twice, with a
 * part of its lines each time, changes no sum.
 *
 * A class, as it owns one array of counts for each cell that has lines: of each row the counts of all subjects, one beside the other.
 */
export class AddressCounter {
  readonly #options: AddressCounterOptions;
  readonly #subjects: number;
  readonly #cells: (Float64Array | undefined)[];
  /** Rows that were found last, and their lines. */
  readonly #rows: Int32Array;
  readonly #lines: Float64Array;

  constructor(options: AddressCounterOptions) {
    this.#options = options;
    this.#subjects = options.figures[0]?.length ?? 0;
    this.#cells = options.figures.map(() => undefined);
    this.#rows = new Int32Array(options.addresses.capacity);
    this.#lines = new Float64Array(options.addresses.capacity);
  }

  /** Sees to it that so many rows are free. Rows from before are of no use behind it. */
  makeRoom(rows: number): void {
    const { addresses } = this.#options;
    if (addresses.size + rows > addresses.capacity) this.flush();
  }

  /** Counts lines of a cell: the address of each subject is in `rows`, -1 where it has none. */
  add(cell: number, rows: Int32Array, lines: number): void {
    const subjects = this.#subjects;
    // most cells of most logs stay empty
    const counts = this.#cells[cell] ?? new Float64Array(this.#options.addresses.capacity * subjects);
    this.#cells[cell] = counts;
    for (let subject = 0; subject < subjects; subject++) {
      const row = rows[subject] as number;
      if (row === -1) continue;
      const at = row * subjects + subject;
      counts[at] = (counts[at] as number) + lines;
    }
  }

  /** Adds what was counted to the figures, and gives up all rows. */
  flush(): void {
    const { addresses, figures } = this.#options;
    for (const [cell, counts] of this.#cells.entries()) {
      if (counts === undefined) continue;
      for (let subject = 0; subject < this.#subjects; subject++) this.#addTo(figures[cell]?.[subject] as Figures, { counts, subject });
      counts.fill(0, 0, addresses.size * this.#subjects);
    }
    addresses.clear();
  }

  #addTo(figures: Figures, { counts, subject }: { readonly counts: Float64Array; readonly subject: number }): void {
    const { addresses, sorter, capacityOf } = this.#options;
    const length = this.#find(counts, subject);
    if (length === 0) return;
    const found = { rows: this.#rows.subarray(0, length), lines: this.#lines.subarray(0, length) };
    addresses.addDistinct(found.rows, figures.distinct);
    addSorts(figures, sorter, bySort(addresses, found));
    const capacity = capacityOf(subject);
    const cut = length > capacity ? cutOf(found.lines, roomOf(capacity)) : 0;
    mergeFrequent(figures.addresses, { counts: textsAbove(addresses, { ...found, cut }), error: cut }, capacity);
  }

  /** Finds the rows that have lines of a subject, and says how many there are. */
  #find(counts: Float64Array, subject: number): number {
    const rows = this.#rows;
    const lines = this.#lines;
    const subjects = this.#subjects;
    const { size } = this.#options.addresses;
    let found = 0;
    for (let row = 0; row < size; row++) {
      const count = counts[row * subjects + subject] as number;
      if (count === 0) continue;
      rows[found] = row;
      lines[found++] = count;
    }
    return found;
  }
}

/** Rows, and the lines of each. */
type Found = { readonly rows: Int32Array; readonly lines: Float64Array };

/** Lines by the sort of their address. Each of these loops stands by itself: behind one that runs for long there is nothing then that its compiler has not seen. */
function bySort(addresses: AddressTable, { rows, lines }: Found): readonly number[] {
  const sums: number[] = [];
  for (let at = 0; at < rows.length; at++) {
    const sort = addresses.sortOf(rows[at] as number);
    sums[sort] = (sums[sort] ?? 0) + (lines[at] as number);
  }
  return sums;
}

function addSorts(figures: Figures, { sorts }: AddressSorter, sums: readonly number[]): void {
  for (const { id, kind, provider, family } of sorts) {
    const lines = sums[id] ?? 0;
    if (lines === 0) continue;
    count(figures.kinds, kind, lines);
    if (provider !== undefined) count(figures.providers, provider, lines);
    count(figures.families, family, lines);
  }
}

/** The addresses that have more lines than `cut`, and how many more. */
function textsAbove(addresses: AddressTable, { rows, lines, cut }: Found & { readonly cut: number }): Map<string, number> {
  const kept = new Map<string, number>();
  for (let at = 0; at < rows.length; at++) {
    const left = (lines[at] as number) - cut;
    if (left > 0) kept.set(addresses.textOf(rows[at] as number), left);
  }
  return kept;
}
