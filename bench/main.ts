import { AMPLIFICATION_PAIRS, measureAmplification } from "./amplification.ts";
import { measureGateway } from "./gateway.ts";
import { measureLogs } from "./logs.ts";
import { MATCH_PAIRS } from "./match.ts";
import { measureCalls } from "./measure.ts";
import { type BenchOptions, type Command, parseCommand, UsageError } from "./options.ts";
import { measurePublish } from "./publish.ts";
import { type Report, type Row, reportOf, tableByCase, tableByLine, tableByPair, tableBySubject } from "./report.ts";
import { RESOLVE_PAIRS } from "./resolve.ts";
import { CannotRun } from "./traffic/session.ts";
import { measureWebSocket } from "./websocket.ts";

type Bench = {
  readonly measure: (options: BenchOptions) => Promise<readonly Row[]>;
  readonly pairs?: readonly (readonly [string, string])[];
  readonly tableOf: (report: Report) => string;
};

const BENCHES: Readonly<Record<string, Bench>> = {
  resolve: { measure: (options) => measureCalls("resolve", options), pairs: RESOLVE_PAIRS, tableOf: tableByCase },
  match: { measure: (options) => measureCalls("match", options), pairs: MATCH_PAIRS, tableOf: tableByCase },
  gateway: { measure: measureGateway, tableOf: tableBySubject },
  websocket: { measure: measureWebSocket, tableOf: tableBySubject },
  publish: { measure: measurePublish, tableOf: tableBySubject },
  // with control and its databases, which the others need not wait for
  events: { measure: async (options) => (await import("./events.ts")).measureEvents(options), tableOf: tableBySubject },
  replay: { measure: async (options) => (await import("./replay.ts")).replayRequests(options), tableOf: tableByLine },
  logs: { measure: measureLogs, tableOf: tableBySubject },
  amplification: { measure: measureAmplification, pairs: AMPLIFICATION_PAIRS, tableOf: tableByPair },
};

const USAGE = `Usage: npm run bench -- ${Object.keys(BENCHES).join("|")} [--json] [--quick] [--rounds N] [--count N] [--only SUBJECT,...] [--case CASE,...]`;

const HELP = `${USAGE}

  --json       write one JSON object
  --quick      show that it runs, not how fast
  --rounds N   how often each is measured, in place of the benchmark's own number
  --only       these subjects, and ours beside them
  --case       these cases

Examples:
  $ npm run bench -- resolve
  $ npm run bench -- gateway --case 100B --only nginx,fast-proxy
`;

// Command: node bench/dist/main.js BENCH [options].
try {
  const command = parseCommand(process.argv.slice(2));
  if (command.help) process.stdout.write(HELP);
  else await run(command);
} catch (error) {
  if (!(error instanceof UsageError || error instanceof CannotRun)) throw error;
  process.stderr.write(`${error.message}\n${error instanceof UsageError ? `${USAGE}\n` : ""}`);
  process.exitCode = error instanceof UsageError ? 2 : 3;
}

async function run({ bench: name, json, options }: Command): Promise<void> {
  const bench = BENCHES[name];
  if (bench === undefined) throw new UsageError(name === "" ? "Expected a benchmark" : `No benchmark ${name}`);
  const report = reportOf(name, await bench.measure(options), bench.pairs);
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : bench.tableOf(report));
}
