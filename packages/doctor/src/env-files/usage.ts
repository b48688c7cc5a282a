import type { EnvEntry } from "./dialect/reading.ts";
import type { DialectName } from "./dialect/table.ts";

/** A line that shows that a loader is used, and how. */
export type Usage = {
  readonly loader: DialectName;
  /** The folder that names are relative to, as far as the line tells; the root's is the empty text. */
  readonly place: string;
  /** `fixed`: it is this folder. `started`: it is the folder that the process is started in, which may be another. */
  readonly placeIs: "fixed" | "started";
  readonly because: { readonly path: string; readonly line: number };
  /** The files that it names, in its order; absent when it takes its defaults. */
  readonly files?: readonly string[];
  /** Whether it was told to go before what the process has. */
  readonly overrides?: boolean;
  /** Assignments that stand in the line itself, and whether they go before the files. */
  readonly inline?: { readonly entries: readonly EnvEntry[]; readonly wins: boolean };
};
