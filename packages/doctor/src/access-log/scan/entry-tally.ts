import { createResolver, parsePolicy, type Resolver } from "wherefrom";
import { CELLS } from "../read/evidence-table.ts";
import type { LineReader } from "../read/line-reader.ts";
import { AddressCounter } from "../tally/address-counter.ts";
import { createAddressKey, readAddressKey } from "../tally/address-key.ts";
import { createAddressSorter } from "../tally/address-sort.ts";
import type { Figures, Resolved } from "../tally/figures.ts";
import { createLogEvidence } from "../tally/log-evidence.ts";
import { type Cell, capacityOf, type LogTally } from "../tally/log-tally.ts";
import { OutcomeCounter } from "../tally/outcome-counter.ts";
import { addTraffic } from "../tally/traffic.ts";
import type { ScanPlan } from "./scan-plan.ts";

/** Resolves evidence by every policy, and adds its lines to the figures of each. */
export type EntryTally = {
  /** Takes one evidence, as its values stand in the log, and where in `counts` stands how many lines of each cell have it. */
  add(values: readonly string[], counts: Int32Array, at: number): void;
  /** Adds what was counted to the tally. */
  finish(): void;
};

export function createEntryTally(
  { evidence: roles, escapeStyle }: LineReader,
  { plan, tally }: { readonly plan: ScanPlan; readonly tally: LogTally },
): EntryTally {
  const evidence = createLogEvidence(roles, escapeStyle);
  const resolvers = plan.subjects.map(({ policy }): Resolver => createResolver(parsePolicy(policy, { providers: plan.providers })));
  // without a policy of one's own, the peer is asked about and is an alternative too
  const texts = plan.subjects.map(({ policy }) => JSON.stringify(policy));
  const firstAlike = Int32Array.from(texts, (text) => texts.indexOf(text));
  const resolutions: Resolved[] = [];
  const headers = roles.flatMap((role) => (role.kind === "header" || role.kind === "capture" ? [role.name] : []));
  const columns = createColumns(tally);
  return {
    add(values, counts, at) {
      evidence.read(values);
      for (let cell = 0; cell < CELLS; cell++) {
        const lines = counts[at + cell] as number;
        if (lines > 0) addTraffic((tally.cells[cell] as Cell).traffic, evidence, { lines, chainHeader: plan.chainHeader, headers });
      }
      columns.open(counts, at);
      for (let subject = 0; subject < resolvers.length; subject++) {
        const first = firstAlike[subject] as number;
        const resolved = first === subject ? (resolvers[subject] as Resolver).resolve(evidence) : (resolutions[first] as Resolved);
        resolutions[subject] = resolved;
        columns.add(subject, resolved);
      }
      const recorded = evidence.recorded();
      if (recorded !== undefined) columns.add(resolvers.length, recorded);
    },
    finish: () => columns.finish(),
  };
}

/** What one policy makes of the lines of one cell. */
type Column = { readonly outcomes: OutcomeCounter; readonly addresses: AddressCounter };

/** Counts of each policy, and behind them of what the log itself says, by cell. */
type Columns = {
  /** Where it stands how many lines of each cell there are of what is added next. */
  open(counts: Int32Array, at: number): void;
  add(subject: number, resolved: Resolved): void;
  finish(): void;
};

function createColumns(tally: LogTally): Columns {
  const sorter = createAddressSorter();
  const address = createAddressKey();
  const figures = tally.cells.map((cell) => [...cell.subjects, cell.recorded]);
  // most cells of most logs stay empty
  const columns = figures.map((ofCell) => ofCell.map((): Column | undefined => undefined));
  const columnOf = (cell: number, subject: number): Column =>
    ((columns[cell] as Column[])[subject] ??= {
      outcomes: new OutcomeCounter(figures[cell]?.[subject] as Figures),
      addresses: new AddressCounter({ capacity: capacityOf(subject), sorter }),
    });
  let counts: Int32Array = new Int32Array(CELLS);
  let at = 0;
  return {
    open(given, where) {
      counts = given;
      at = where;
    },
    add(subject, resolved) {
      if (resolved.ip !== null) readAddressKey(resolved.ip, address);
      for (let cell = 0; cell < CELLS; cell++) {
        const lines = counts[at + cell] as number;
        if (lines === 0) continue;
        const { outcomes, addresses } = columnOf(cell, subject);
        outcomes.add(resolved, lines);
        if (resolved.ip !== null) addresses.add(address, lines);
      }
    },
    finish() {
      for (const [cell, ofCell] of columns.entries()) {
        for (const [subject, column] of ofCell.entries()) {
          column?.outcomes.flush();
          column?.addresses.addTo(figures[cell]?.[subject] as Figures);
        }
      }
    },
  };
}
