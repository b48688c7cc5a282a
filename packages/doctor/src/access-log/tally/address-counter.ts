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

  constructor(options: AddressCounterOptions) {
    this.#options = options;
    this.#subjects = options.figures[0]?.length ?? 0;
    this.#cells = options.figures.map(() => undefined);
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
    const { size } = addresses;
    const bySort = new Float64Array(sorter.sorts.length);
    const rows = new Int32Array(size);
    const lines = new Float64Array(size);
    let found = 0;
    for (let row = 0; row < size; row++) {
      const count = counts[row * this.#subjects + subject] as number;
      if (count === 0) continue;
      rows[found] = row;
      lines[found++] = count;
      const sort = addresses.sortOf(row);
      bySort[sort] = (bySort[sort] as number) + count;
      addresses.addDistinct(row, figures.distinct);
    }
    for (const { id, kind, provider, family } of sorter.sorts) {
      const ofSort = bySort[id] as number;
      if (ofSort === 0) continue;
      count(figures.kinds, kind, ofSort);
      if (provider !== undefined) count(figures.providers, provider, ofSort);
      count(figures.families, family, ofSort);
    }
    const capacity = capacityOf(subject);
    const cut = found > capacity ? cutOf(lines.subarray(0, found), roomOf(capacity)) : 0;
    const kept = new Map<string, number>();
    for (let at = 0; at < found; at++) {
      const left = (lines[at] as number) - cut;
      if (left > 0) kept.set(addresses.textOf(rows[at] as number), left);
    }
    mergeFrequent(figures.addresses, { counts: kept, error: cut }, capacity);
  }
}
