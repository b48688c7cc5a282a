import { CELLS } from "../read/evidence-table.ts";
import { AddressCounter } from "../tally/address-counter.ts";
import type { AddressSorter } from "../tally/address-sort.ts";
import type { AddressTable } from "../tally/address-table.ts";
import { count, type Figures } from "../tally/figures.ts";
import { type Cell, capacityOf, type LogTally } from "../tally/log-tally.ts";
import { OutcomeCounter } from "../tally/outcome-counter.ts";
import { addTraffic, type Shown } from "../tally/traffic.ts";
import type { Verdicts } from "./verdicts.ts";

export type EntryCounterOptions = {
  readonly addresses: AddressTable;
  readonly sorter: AddressSorter;
  /** The headers that evidence has, in the order in which it shows them. */
  readonly headers: readonly string[];
};

/**
 * Counts the lines of evidence by what was made of it and what it shows, each cell for itself.
 *
 * A class, as it owns the counts that are not in the tally yet.
 */
export class EntryCounter {
  readonly #tally: LogTally;
  readonly #headers: readonly string[];
  readonly #figures: readonly (readonly Figures[])[];
  readonly #outcomes: readonly OutcomeCounter[];
  readonly #addresses: AddressCounter;
  /** Lines of each cell that have each header. */
  readonly #headerLines: readonly Float64Array[];

  constructor(tally: LogTally, { addresses, sorter, headers }: EntryCounterOptions) {
    this.#tally = tally;
    this.#headers = headers;
    this.#figures = tally.cells.map((cell) => [...cell.subjects, cell.recorded]);
    this.#outcomes = this.#figures.map(({ length }) => new OutcomeCounter(length));
    this.#addresses = new AddressCounter({ addresses, sorter, figures: this.#figures, capacityOf });
    this.#headerLines = tally.cells.map(() => new Float64Array(headers.length));
  }

  /** Sees to it that so many addresses find a row. Rows from before are of no use behind it. */
  makeRoom(rows: number): void {
    this.#addresses.makeRoom(rows);
  }

  /** Counts one evidence: in `counts` stands from `at` on how many lines of each cell have it. */
  add({ verdicts, shown }: { readonly verdicts: Verdicts; readonly shown: Shown }, counts: Int32Array, at: number): void {
    for (let cell = 0; cell < CELLS; cell++) {
      const lines = counts[at + cell] as number;
      if (lines === 0) continue;
      addTraffic((this.#tally.cells[cell] as Cell).traffic, shown, lines);
      this.#outcomes[cell]?.add(verdicts.codes, lines);
      this.#addresses.add(cell, verdicts.rows, lines);
      const withHeader = this.#headerLines[cell] as Float64Array;
      for (let header = 0; header < withHeader.length; header++)
        if (shown.headers[header] === 1) withHeader[header] = (withHeader[header] as number) + lines;
    }
  }

  /** Adds what was counted to the tally. */
  finish(): void {
    this.#addresses.flush();
    for (const [cell, { traffic }] of this.#tally.cells.entries()) {
      this.#outcomes[cell]?.addTo(this.#figures[cell] as readonly Figures[]);
      for (const [header, name] of this.#headers.entries()) {
        const lines = this.#headerLines[cell]?.[header] as number;
        if (lines > 0) count(traffic.headers, name, lines);
      }
      this.#headerLines[cell]?.fill(0);
    }
  }
}
