import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

/** One stored input. `why` says what it once broke; such a row is never dropped. */
export type CorpusRow = { readonly text: string; readonly why?: string };

/** Rows of one target at the most, those with a `why` aside. */
const MAX_ROWS = 200;

/** What `keepSmallest` chooses from: an input, and what it made the library do. */
export type Reached = { readonly text: string; readonly features: readonly number[] };

/** The stored inputs of a target: `cases/fuzz/NAME.json`. None when there is no such file yet. */
export function readCorpus(cases: URL, name: string): readonly CorpusRow[] {
  const file = new URL(`fuzz/${name}.json`, cases);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as readonly CorpusRow[]) : [];
}

/** Writes the stored inputs of a target, a line a row, in ASCII so that no input steers a terminal that shows the file. */
export function writeCorpus(cases: URL, { name, rows }: { readonly name: string; readonly rows: readonly CorpusRow[] }): void {
  mkdirSync(new URL("fuzz/", cases), { recursive: true });
  const lines = rows.map((row) => `  ${asciiJson(row)}`);
  writeFileSync(new URL(`fuzz/${name}.json`, cases), `[\n${lines.join(",\n")}\n]\n`);
}

/** JSON in printable ASCII. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The fewest and shortest inputs that still do everything that all of them do: each time the one that adds the most. */
export function keepSmallest(reached: readonly Reached[]): readonly string[] {
  const kept: string[] = [];
  const done = new Set<number>();
  let left = reached.toSorted((one, other) => one.text.length - other.text.length);
  while (kept.length < MAX_ROWS) {
    let best: Reached | undefined;
    let bestGain = 0;
    const useful: Reached[] = [];
    for (const candidate of left) {
      const gain = candidate.features.reduce((sum, feature) => sum + (done.has(feature) ? 0 : 1), 0);
      if (gain > 0) useful.push(candidate);
      if (gain <= bestGain) continue;
      best = candidate;
      bestGain = gain;
    }
    if (best === undefined) break;
    kept.push(best.text);
    for (const feature of best.features) done.add(feature);
    left = useful;
  }
  return kept.toSorted();
}

type Written = string | { readonly repeat: readonly [string, number]; readonly separator?: string };
type SeedRow = {
  readonly text?: string;
  readonly lines?: readonly string[];
  readonly policy?: unknown;
  readonly headers?: readonly (readonly [string, Written | readonly Written[]])[];
};

const SEED_FILES: Readonly<Record<string, readonly string[]>> = {
  hops: [
    "header/list-elements",
    "resolve/address-forms",
    "resolve/attacks",
    "resolve/trusted-proxies",
    "resolve/header-index",
    "resolve/default",
  ],
  forwarded: ["header/forwarded", "resolve/forwarded"],
  address: ["ip/addresses"],
  prefix: ["ip/prefixes"],
  policy: ["policy/valid", "policy/invalid"],
};

/** What a target starts from beside its stored inputs: the inputs of the rows in `cases/` that it is about. */
export function readSeeds(cases: URL, name: string): readonly string[] {
  const rows = (SEED_FILES[name] ?? []).flatMap(
    (file) => JSON.parse(readFileSync(new URL(`${file}.json`, cases), "utf8")) as readonly SeedRow[],
  );
  return rows.map((row) => {
    if (row.text !== undefined) return row.text;
    if (row.lines !== undefined) return row.lines.join("\n");
    if (row.headers !== undefined) return row.headers.map(([, value]) => writtenOut(value)).join("\n");
    return JSON.stringify(row.policy);
  });
}

function writtenOut(value: Written | readonly Written[]): string {
  const parts = Array.isArray(value) ? (value as readonly Written[]) : [value as Written];
  return parts
    .map((part) =>
      typeof part === "string"
        ? part
        : Array(part.repeat[1])
            .fill(part.repeat[0])
            .join(part.separator ?? ""),
    )
    .join("");
}
