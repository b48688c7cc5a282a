import { MATCH_PAIRS, matchCases } from "./match.ts";
import { type Case, measure, sinkValue } from "./measure.ts";
import { reportOf, tableOf } from "./report.ts";
import { RESOLVE_PAIRS, resolveCases } from "./resolve.ts";

type Bench = { readonly cases: () => readonly Case[] | Promise<readonly Case[]>; readonly pairs: readonly (readonly [string, string])[] };

const BENCHES: Readonly<Record<string, Bench>> = {
  resolve: { cases: resolveCases, pairs: RESOLVE_PAIRS },
  match: { cases: matchCases, pairs: MATCH_PAIRS },
};

const EFFORT = { rounds: 7, msPerTask: 60 };
const QUICK = { rounds: 1, msPerTask: 5 };

// Command: node bench/dist/main.js resolve|match [--json] [--quick]. --quick shows that it runs, not how fast.
const words = process.argv.slice(2);
const options = words.filter((word) => word.startsWith("--"));
const [name = "", ...more] = words.filter((word) => !word.startsWith("--"));
const bench = BENCHES[name];
if (bench === undefined || more.length > 0 || options.some((option) => option !== "--json" && option !== "--quick")) {
  process.stderr.write(`Usage: npm run bench -- ${Object.keys(BENCHES).join("|")} [--json] [--quick]\n`);
  process.exitCode = 2;
} else {
  const rows = await measure(await bench.cases(), options.includes("--quick") ? QUICK : EFFORT);
  const report = reportOf(name, rows, bench.pairs);
  process.stdout.write(options.includes("--json") ? `${JSON.stringify(report)}\n` : tableOf(report));
  // Told to nobody, and yet used: see measure.ts.
  if (Number.isNaN(sinkValue())) process.exitCode = 1;
}
