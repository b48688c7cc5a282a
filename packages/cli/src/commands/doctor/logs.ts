import { advise, diagnose, parseFacts, readCatalogue } from "@wherefrom/diagnosis";
import { DEFAULT_DEPTH, defaultWorkers, examineLogs, type LogsExamination, parseFieldMappings, parseLogTime } from "@wherefrom/doctor/logs";
import { type Command, InvalidArgumentError } from "commander";
import { escapeText, parsePolicy } from "wherefrom";
import { CliError, exitCodes } from "../../errors.ts";
import { switchOption, valueOption } from "../../option-values.ts";
import { readPolicyJson } from "../../policy-text.ts";
import { createProgress } from "../../progress.ts";
import { readProviders } from "../../ranges-folder.ts";
import { readInput } from "../../standard-input.ts";
import { printReport, type ReportOptions, withReportOptions } from "./report-options.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

/** The shell's convention for a process that SIGINT ended. */
const INTERRUPTED = 130;

const MAX_DEPTH = 8;
const MAX_WORKERS = 256;

/** Whom the walk trusts unless told otherwise: whoever has no address on the internet. */
const DEFAULT_TRUST: readonly string[] = ["provider:private", "provider:loopback", "provider:link-local"];

const EXAMPLES = `
Examples:
  $ wherefrom doctor logs /var/log/nginx/access.log*
  $ wherefrom doctor logs access.log --policy policy.json --split 2026-11-25T14:00:00Z
  $ wherefrom doctor logs access.log --log-format '$remote_addr [$time_local] "$request" $status "$http_x_forwarded_for"'
  $ wherefrom doctor logs haproxy.log --field xff=capture.1
  $ journalctl -u app -o cat | wherefrom doctor logs - --field peer=req.ip --field xff=req.headers.x-forwarded-for --field time=time

It knows combined, combined with X-Forwarded-For behind it, common, HAProxy's HTTP log, Traefik's and Envoy's logs, JSON of Caddy, Traefik, Envoy and nginx, and the gateway's own; others are
described by --log-format, in the words of nginx, Apache or Envoy, or by --field. Gzipped files are read as they are. Without --policy it judges the peer.

Exit codes: 0 nothing stands out; 1 something does; 2 usage, or a format that is not known for sure; 3 a log could not be read; 130 stopped, with a partial report.`;

type LogsOptions = ReportOptions & {
  readonly policy?: string;
  readonly ranges?: string;
  readonly logFormat?: string;
  readonly field?: readonly string[];
  readonly trust?: readonly string[];
  readonly depth: number;
  readonly since?: number;
  readonly until?: number;
  readonly split?: number;
  readonly workers: number;
  readonly progress?: boolean;
};

/** Adds `wherefrom doctor logs`: what access logs say of where requests are from. */
export function addLogsCommand(doctor: Command, exit: (code: number) => void): void {
  withReportOptions(withLogOptions(doctor.command("logs")))
    .description("Say what access logs tell of where requests are from, and which policy would fit")
    .argument("<file...>", "access logs, plain or gzipped; - for standard input")
    .addHelpText("after", EXAMPLES)
    .action(async (paths: readonly string[], options: LogsOptions) => {
      const found = await examine(paths, options);
      const catalogue = readCatalogue();
      const reading = parseFacts(found.facts, catalogue);
      if (reading.kind === "refused") throw new Error(reading.issues.map(({ message }) => message).join("; "));
      const diagnosis = diagnose(catalogue, reading.facts);
      const advice = advise(catalogue, { facts: reading.facts, diagnosis });
      const { summary, ...rest } = found;
      await printReport(
        {
          json: { version: JSON_VERSION, ...rest, ...summary, diagnosis, advice },
          async document(language) {
            const { logsDocument } = await import("@wherefrom/doctor/logs-report");
            return logsDocument({ ...found, diagnosis, advice }, language);
          },
        },
        options,
      );
      if (found.isPartial) exit(INTERRUPTED);
      else exit(found.findings.length === 0 ? exitCodes.ok : exitCodes.findings);
    });
}

function withLogOptions(command: Command): Command {
  return command
    .addOption(
      valueOption("--policy <json-or-file>", "the policy that lines are resolved by, or an exported environment", "WHEREFROM_POLICY"),
    )
    .addOption(valueOption("--ranges <folder>", "range files that provider:NAME means; without it what is built in", "WHEREFROM_RANGES"))
    .addOption(
      valueOption(
        "--log-format <name-or-string>",
        "how lines are written: a name, or a format string of nginx, Apache or Envoy",
        "WHEREFROM_LOG_FORMAT",
      ),
    )
    .addOption(
      valueOption(
        "--field <name=path>",
        "where something stands in JSON, or in HAProxy's captures; repeat it",
        "WHEREFROM_LOG_FIELD",
      ).argParser(collect),
    )
    .addOption(
      valueOption("--trust <networks>", "whom the walk over trusted proxies trusts, separated by commas", "WHEREFROM_LOG_TRUST").argParser(
        (text) => text.split(","),
      ),
    )
    .addOption(
      valueOption("--depth <hops>", "how many hops from the right are tried", "WHEREFROM_LOG_DEPTH")
        .argParser((text) => parseWithin(text, MAX_DEPTH))
        .default(DEFAULT_DEPTH),
    )
    .addOption(valueOption("--since <time>", "leave out earlier lines", "WHEREFROM_LOG_SINCE").argParser(parseTime))
    .addOption(valueOption("--until <time>", "leave out lines of this time and later", "WHEREFROM_LOG_UNTIL").argParser(parseTime))
    .addOption(valueOption("--split <time>", "compare lines before this time with later ones", "WHEREFROM_LOG_SPLIT").argParser(parseTime))
    .addOption(
      valueOption("--workers <number>", "how many threads read large files", "WHEREFROM_LOG_WORKERS")
        .argParser((text) => parseWithin(text, MAX_WORKERS))
        .default(defaultWorkers(), "one a core"),
    )
    .addOption(switchOption("--progress", "tell the progress where standard error is no terminal, too", "WHEREFROM_PROGRESS"));
}

function collect(text: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), text];
}

function parseWithin(text: string, most: number): number {
  const value = Number(text);
  if (!/^[0-9]{1,3}$/.test(text) || value < 1 || value > most) throw new InvalidArgumentError(`Expected a number from 1 to ${most}.`);
  return value;
}

function parseTime(text: string): number {
  const time = parseLogTime(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (time === undefined) throw new InvalidArgumentError("Expected a time such as 2026-11-25T14:00:00Z, or a day.");
  return time;
}

/** Reads the logs. Ctrl-C ends it early, a second one at once. */
async function examine(paths: readonly string[], options: LogsOptions): Promise<LogsExamination> {
  if (paths.includes("-") && paths.length > 1)
    throw new CliError("USAGE_OPTION_CONFLICT", "Standard input (-) is read alone: leave out the files");
  const providers = await readProviders(options.ranges);
  const policy = options.policy === undefined ? undefined : policyIn(readPolicyJson(options.policy));
  const trusted = options.trust ?? DEFAULT_TRUST;
  // each is judged here, where all its faults can be told, and not in the middle of a log
  if (policy !== undefined) parsePolicy(policy, { providers });
  parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: trusted } }, { providers });
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort();
  };
  const progress = openProgress(options);
  process.on("SIGINT", onSignal);
  try {
    return await examineLogs({
      source: paths[0] === "-" ? { kind: "stream", name: "-", bytes: readInput() } : { kind: "files", paths },
      ...(options.logFormat !== undefined && { format: options.logFormat }),
      mappings: parseFieldMappings(options.field ?? []),
      ...(policy !== undefined && { policy }),
      providers,
      trusted,
      depth: options.depth,
      ...timesOf(options),
      workers: options.workers,
      signal: stop.signal,
      onProgress: (done) => progress?.report(done),
    });
  } finally {
    progress?.end();
    process.off("SIGINT", onSignal);
    // whoever writes there may go on for ever
    if (stop.signal.aborted && paths[0] === "-") process.stdin.destroy();
  }
}

function timesOf({ since, until, split }: LogsOptions): Pick<LogsOptions, "since" | "until" | "split"> {
  if (since !== undefined && until !== undefined && since >= until)
    throw new CliError("USAGE_OPTION_CONFLICT", "Expected --since to be before --until: no line is from then on and from before then");
  return { ...(since !== undefined && { since }), ...(until !== undefined && { until }), ...(split !== undefined && { split }) };
}

/** A policy, or the one in an environment as the API exports it. */
function policyIn(json: unknown): Readonly<Record<string, unknown>> {
  const inside = typeof json === "object" && json !== null && "clientIpResolutionConfig" in json ? json.clientIpResolutionConfig : json;
  if (typeof inside === "object" && inside !== null && !Array.isArray(inside)) return inside as Readonly<Record<string, unknown>>;
  throw new CliError("RESOLVE_POLICY_NOT_JSON", `The policy in --policy is no object: ${escapeText(JSON.stringify(inside), 80)}`);
}

function openProgress({ progress }: LogsOptions): ReturnType<typeof createProgress> | undefined {
  const isTerminal = process.stderr.isTTY === true;
  if (!isTerminal && progress !== true) return undefined;
  return createProgress({ write: (text) => process.stderr.write(text), now: () => performance.now(), totalBytes: undefined, isTerminal });
}
