import { createResolver, parsePolicy, type Resolver } from "wherefrom";
import { canonical } from "../../path/learned-path.ts";
import { CELLS } from "../read/evidence-table.ts";
import type { LineReader } from "../read/line-reader.ts";
import { AddressBatch } from "../tally/address-batch.ts";
import { createAddressSorter } from "../tally/address-sort.ts";
import { markOf } from "../tally/distinct.ts";
import { addAddress, addOutcome, type Figures, type Resolved, type SortedAddress } from "../tally/figures.ts";
import { createLogEvidence } from "../tally/log-evidence.ts";
import { type Cell, capacityOf, type LogTally } from "../tally/log-tally.ts";
import { addTraffic } from "../tally/traffic.ts";
import type { ScanPlan } from "./scan-plan.ts";

/** Resolves evidence by every policy, and adds its lines to the figures of each. */
export type EntryTally = {
  /** Takes one evidence, as its values stand in the log, and where in `counts` stands how many lines of each cell have it. */
  add(values: readonly string[], counts: Int32Array, at: number): void;
  /** Counts what is still held. */
  finish(): void;
};

export function createEntryTally(
  { evidence: roles, escapeStyle }: LineReader,
  { plan, tally }: { readonly plan: ScanPlan; readonly tally: LogTally },
): EntryTally {
  const evidence = createLogEvidence(roles, escapeStyle);
  const resolvers = plan.subjects.map(({ policy }): Resolver => createResolver(parsePolicy(policy, { providers: plan.providers })));
  const headers = roles.flatMap((role) => (role.kind === "header" || role.kind === "capture" ? [role.name] : []));
  // one row of figures a cell: of each policy, and behind them of what the log itself says
  const rows = tally.cells.map(({ subjects, recorded }) => [...subjects, recorded]);
  const width = resolvers.length + 1;
  const addresses = createAddresses(rows, width);
  const counted: Counted = { counts: new Int32Array(CELLS), at: 0 };
  const add = (resolved: Resolved, column: number, { counts, at }: Counted): void => {
    for (let cell = 0; cell < CELLS; cell++) {
      const lines = counts[at + cell] as number;
      if (lines === 0) continue;
      addOutcome((rows[cell] as Figures[])[column] as Figures, resolved, lines);
      if (resolved.ip !== null) addresses.add(resolved.ip, cell * width + column, lines);
    }
  };
  return {
    add(values, counts, at) {
      evidence.read(values);
      counted.counts = counts;
      counted.at = at;
      for (let cell = 0; cell < CELLS; cell++) {
        const lines = counts[at + cell] as number;
        if (lines > 0) addTraffic((tally.cells[cell] as Cell).traffic, evidence, { lines, chainHeader: plan.chainHeader, headers });
      }
      for (let subject = 0; subject < resolvers.length; subject++)
        add((resolvers[subject] as Resolver).resolve(evidence), subject, counted);
      const recorded = evidence.recorded();
      if (recorded !== undefined) add({ ...recorded, ip: recorded.ip === null ? null : canonical(recorded.ip) }, resolvers.length, counted);
    },
    finish: () => addresses.flush(),
  };
}

/** Where it stands how many lines there are. Used again for each evidence. */
type Counted = { counts: Int32Array; at: number };

/** Adds to the figures of each cell and column the lines that an address has there. */
function createAddresses(rows: readonly (readonly Figures[])[], width: number): AddressBatch {
  const sortOf = createAddressSorter();
  const address: SortedAddress = { text: "", sort: sortOf("192.0.2.1"), mark: { index: 0, rank: 0 } };
  return new AddressBatch({
    slots: CELLS * width,
    onAddress(text, sums, at) {
      address.text = text;
      address.sort = sortOf(text);
      markOf(text, address.mark);
      for (let slot = 0; slot < CELLS * width; slot++) {
        const lines = sums[at + slot] as number;
        if (lines === 0) continue;
        const column = slot % width;
        const figures = (rows[(slot - column) / width] as readonly Figures[])[column] as Figures;
        addAddress(figures, address, { lines, capacity: capacityOf(column) });
      }
    },
  });
}
