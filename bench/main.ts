import { measureGateway } from "./gateway.ts";
import { MATCH_PAIRS, matchCases } from "./match.ts";
import { measureCalls, sinkValue } from "./measure.ts";
import { type BenchOptions, parseCommand, UsageError } from "./options.ts";
import { type Report, type Row, reportOf, tableByCase, tableBySubject } from "./report.ts";
import { RESOLVE_PAIRS, resolveCases } from "./resolve.ts";
import { CannotRun } from "./traffic/session.ts";
import { measureWebSocket } from "./websocket.ts";

type Bench = {
  readonly measure: (options: BenchOptions) => Promise<readonly Row[]>;
  readonly pairs?: readonly (readonly [string, string])[];
  readonly tableOf: (report: Report) => string;
};

const BENCHES: Readonly<Record<string, Bench>> = {
  resolve: { measure: (options) => measureCalls(resolveCases(), options), pairs: RESOLVE_PAIRS, tableOf: tableByCase },
  match: { measure: async (options) => measureCalls(await matchCases(), options), pairs: MATCH_PAIRS, tableOf: tableByCase },
  gateway: { measure: measureGateway, tableOf: tableBySubject },
  websocket: { measure: measureWebSocket, tableOf: tableBySubject },
};

const USAGE = `Usage: npm run bench -- ${Object.keys(BENCHES).join("|")} [--json] [--quick] [--rounds N] [--only SUBJECT,...] [--case CASE,...]`;

// Command: node bench/dist/main.js BENCH [options]. --quick shows that it runs, not how fast; --only names subjects beside ours.
try {
  const { bench: name, json, options } = parseCommand(process.argv.slice(2));
  const bench = BENCHES[name];
  if (bench === undefined) throw new UsageError(name === "" ? "Expected a benchmark" : `No benchmark ${name}`);
  const report = reportOf(name, await bench.measure(options), bench.pairs);
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : bench.tableOf(report));
  // Told to nobody, and yet used: see measure.ts.
  if (Number.isNaN(sinkValue())) process.exitCode = 1;
} catch (error) {
  if (!(error instanceof UsageError || error instanceof CannotRun)) throw error;
  process.stderr.write(`${error.message}\n${error instanceof UsageError ? `${USAGE}\n` : ""}`);
  process.exitCode = error instanceof UsageError ? 2 : 3;
}
