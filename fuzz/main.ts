import { parseArgs } from "node:util";
import { asciiJson, keepSmallest, readCorpus, readSeeds, writeCorpus } from "./corpus.ts";
import { openInstrumentedLibrary } from "./instrumented-library.ts";
import { type Found, type Progress, runLoop } from "./loop.ts";
import { createRandom } from "./random.ts";
import { TARGETS } from "./targets.ts";

// Command: node fuzz/dist/fuzz/main.js. Exit code 1 when an invariant broke, 2 when the command is not understood.
const USAGE = `Usage: npm run fuzz -- [--seconds N] [--target ${Object.keys(TARGETS).join("|")}] [--seed N] [--json] [--store]

  --seconds N   how long, all targets together (60)
  --target      one target alone (all)
  --seed N      the same seed asks the same questions (another one each time)
  --json        the report as JSON on standard output
  --store       write the inputs that reach everything that was reached to cases/fuzz/
`;

/** From `fuzz/dist/fuzz/`, where this runs. */
const CASES = new URL("../../../cases/", import.meta.url);

/** One input often breaks the same under several policies. */
const MAX_FAULTS_TOLD = 3;

type Asked = {
  readonly names: readonly string[];
  readonly seconds: number;
  readonly seed: number;
  readonly isJson: boolean;
  readonly isStored: boolean;
};

function readCommand(): Asked | undefined {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "60" },
        target: { type: "string" },
        seed: { type: "string", default: String(Date.now() % 2 ** 31) },
        json: { type: "boolean", default: false },
        store: { type: "boolean", default: false },
      },
    });
    const names = values.target === undefined ? Object.keys(TARGETS) : [values.target];
    const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
    if (!(seconds > 0) || !Number.isInteger(seed) || names.some((name) => !Object.hasOwn(TARGETS, name))) return undefined;
    return { names, seconds, seed, isJson: values.json, isStored: values.store };
  } catch {
    return undefined;
  }
}

function lineOf(name: string, { executions, executionsPerSecond, corpus, coveredBranches, branches }: Progress): string {
  return `${name}: ${executions} inputs, ${executionsPerSecond} a second, ${corpus} kept, ${coveredBranches} of ${branches} branches\n`;
}

async function fuzz(name: string, { names, seconds, seed, isStored }: Asked): Promise<Found> {
  const { checkOf, tokens } = TARGETS[name] ?? fail(name);
  const { library, coverage } = await openInstrumentedLibrary();
  const stored = readCorpus(CASES, name);
  const found = runLoop({
    check: checkOf(library),
    coverage,
    tokens,
    seeds: [...stored.map((row) => row.text), ...readSeeds(CASES, name)],
    random: createRandom(seed),
    budgetMs: (seconds * 1_000) / names.length,
    now: () => performance.now(),
    onProgress: (progress) => process.stderr.write(lineOf(name, progress)),
  });
  const regressions = stored.filter((row) => row.why !== undefined);
  const { failure } = found;
  if (failure !== undefined) {
    const why = failure.faults[0]?.split("\n")[0] ?? "";
    const others = stored.filter((row) => row.text !== failure.text);
    writeCorpus(CASES, { name, rows: [{ text: failure.text, why }, ...others] });
  } else if (isStored) {
    writeCorpus(CASES, { name, rows: [...regressions, ...keepSmallest(found.reached).map((text) => ({ text }))] });
  }
  return found;
}

function fail(name: string): never {
  throw new Error(`No such target: ${name}`);
}

const asked = readCommand();
if (asked === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const reports: object[] = [];
  for (const name of asked.names) {
    const { progress, failure } = await fuzz(name, asked);
    process.stderr.write(lineOf(name, progress));
    reports.push({ target: name, ...progress, ...(failure && { failure }) });
    if (failure === undefined) continue;
    process.exitCode = 1;
    process.stderr.write(
      `${name}: ${asciiJson(failure.text)} breaks ${failure.faults.slice(0, MAX_FAULTS_TOLD).join("\n  ")}\nIt is stored in cases/fuzz/${name}.json; the seed was ${asked.seed}\n`,
    );
    break;
  }
  if (asked.isJson) process.stdout.write(`${asciiJson({ seed: asked.seed, node: process.version, targets: reports })}\n`);
}
