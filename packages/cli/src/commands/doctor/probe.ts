import { advise, diagnose, parseFacts, readCatalogue } from "@wherefrom/diagnosis";
import {
  askSignature,
  factsOfPath,
  isFaulty,
  learnPath,
  ProbeError,
  type ProbeFinding,
  type ProbeRun,
  probeDocument,
  proposePolicy,
  runProbe,
  silenceText,
  type Told,
} from "@wherefrom/doctor";
import { type Command, InvalidArgumentError } from "commander";
import { escapeText, parseAddress } from "wherefrom";
import { readAuthorityFile } from "../../authority-file.ts";
import { type DialTarget, readDialTarget } from "../../dial-target.ts";
import { CliError, exitCodes } from "../../errors.ts";
import { switchOption, valueOption } from "../../option-values.ts";
import { openProbeProgress } from "../../probe-progress.ts";
import { printReport, type ReportOptions, withReportOptions } from "./report-options.ts";
import { parseEchoPath } from "./serve.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

const EXAMPLES = `
Examples:
  $ wherefrom doctor probe http://service.example:18000/.wherefrom-4c1f0a9e7d2b
  $ wherefrom doctor probe https://service.example/.wherefrom-4c1f0a9e7d2b --family 4 --rounds 5 --json > here.json
  $ wherefrom doctor probe https://service.internal/.wherefrom-4c1f0a9e7d2b --ca our-authority.pem
  $ wherefrom doctor probe --setting iot_client/.env:SERVER_URL --path /.wherefrom-4c1f0a9e7d2b
  $ wherefrom doctor probe http://service.example/.wherefrom-4c1f0a9e7d2b --client 203.0.113.7 --expect 198.51.100.36

The URL is that of wherefrom doctor serve, as clients reach it. A probe sends GET requests and WebSocket handshakes for that path alone, at most 20 a second, with documentation addresses as claims.
Where nobody answers, it stops after two connections that failed alike, and says what it did not send.

Exit codes: 0 the client's address can be had, and no claim wins; 1 it cannot, or one wins; 2 usage; 3 nothing answered.`;

export type ProbeCommandOptions = ReportOptions & {
  readonly setting?: string;
  readonly path?: string;
  readonly rounds: number;
  readonly family: "4" | "6" | "both";
  readonly websocket: boolean;
  readonly client?: readonly string[];
  readonly expect?: string;
  readonly from?: string;
  /** Certificates of authorities, PEM. */
  readonly ca?: string;
  readonly timeoutMs: number;
  readonly quiet?: boolean;
  readonly signature?: boolean;
};

/** Adds `wherefrom doctor probe`: the client's end. It sends requests to the URL that it is given, and nowhere else. */
export function addProbeCommand(doctor: Command, exit: (code: number) => void): void {
  withReportOptions(withProbeOptions(doctor.command("probe")))
    .description("Find out what the path does to the client's address, and which policy fits it")
    .argument("[url]", "the URL of an echo, as clients reach it")
    .addOption(valueOption("--setting <file:key>", "take scheme, host and port from a setting of an env file", "WHEREFROM_DOCTOR_SETTING"))
    .addOption(valueOption("--path <path>", "the echo's path, with --setting", "WHEREFROM_DOCTOR_PATH").argParser(parseEchoPath))
    .addOption(
      switchOption(
        "--signature",
        "tell which product is on the way, by requests that are malformed on purpose: only to systems of your own",
        "WHEREFROM_DOCTOR_SIGNATURE",
      ),
    )
    .addHelpText("after", EXAMPLES)
    .action(async (url: string | undefined, options: ProbeCommandOptions) => {
      const target = readDialTarget({
        url,
        ...(options.setting !== undefined && { setting: options.setting }),
        ...(options.path !== undefined && { path: options.path }),
      });
      const run = await probeTarget(target, options);
      const read = findingOf(run, target);
      const { from, ca, timeoutMs } = options;
      const asked = { run, url: target.url, timeoutMs, ...(from !== undefined && { from }), ...(ca !== undefined && { ca }) };
      const signature = options.signature === true ? await askSignature(read.path, asked) : undefined;
      const finding = { ...read, ...(signature && { signature }) };
      const { diagnosis, advice } = diagnosed(finding);
      const json = { version: JSON_VERSION, ...finding, diagnosis, advice, run };
      await printReport({ json, document: (language) => probeDocument({ finding, diagnosis, advice }, language) }, options);
      exit(isFaulty(finding) ? exitCodes.findings : exitCodes.ok);
    });
}

/** The options that say how a probe is made, for every command that makes one. */
export function withProbeOptions(command: Command): Command {
  return command
    .addOption(
      valueOption("--rounds <number>", "how often everything is asked", "WHEREFROM_DOCTOR_ROUNDS").argParser(parseRounds).default(3),
    )
    .addOption(valueOption("--family <family>", "4, 6 or both", "WHEREFROM_DOCTOR_FAMILY").choices(["4", "6", "both"]).default("both"))
    .addOption(switchOption("--no-websocket", "leave WebSockets out", "WHEREFROM_DOCTOR_NO_WEBSOCKET"))
    .addOption(
      valueOption(
        "--client <address>",
        "the client's own address on the internet; repeat it for the other family",
        "WHEREFROM_DOCTOR_CLIENT",
      ).argParser(collectAddress),
    )
    .addOption(
      valueOption("--expect <address>", "the address that clients are meant to dial", "WHEREFROM_DOCTOR_EXPECT").argParser(parseIp),
    )
    .addOption(valueOption("--from <address>", "an address of this host to connect from", "WHEREFROM_DOCTOR_FROM").argParser(parseIp))
    .addOption(
      valueOption("--timeout-ms <milliseconds>", "how long to wait for each answer", "WHEREFROM_DOCTOR_TIMEOUT_MS")
        .argParser(parseTimeout)
        .default(5_000),
    )
    .addOption(
      valueOption("--ca <file>", "certificates of the authorities to believe in place of Node's own, PEM", "WHEREFROM_DOCTOR_CA").argParser(
        readAuthorityFile,
      ),
    )
    .addOption(switchOption("--quiet", "show no progress on a terminal", "WHEREFROM_QUIET"));
}

function parseRounds(text: string): number {
  if (!/^(?:[1-9]|[12][0-9]|30)$/.test(text)) throw new InvalidArgumentError("Expected a number from 1 to 30.");
  return Number(text);
}

function parseTimeout(text: string): number {
  const timeout = Number(text);
  if (!/^[0-9]{3,6}$/.test(text) || timeout > 120_000) throw new InvalidArgumentError("Expected 100 to 120000 milliseconds.");
  return timeout;
}

function parseIp(text: string): string {
  if (parseAddress(text) === undefined) throw new InvalidArgumentError("Expected an IP address.");
  return text;
}

function collectAddress(text: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), parseIp(text)];
}

/** Makes a probe. Throws when not a single answer came back, for then there is nothing to read. */
export async function probeTarget({ url }: DialTarget, options: ProbeCommandOptions): Promise<ProbeRun> {
  const { rounds, family, websocket, from, ca, timeoutMs } = options;
  const progress = openProbeProgress(options);
  const run = await runProbe({
    url,
    rounds,
    transports: websocket ? ["http", "websocket"] : ["http"],
    families: familiesFor({ family, from }),
    timeoutMs,
    pauseMs: 50,
    onQuestion: progress.show,
    ...toldBy(options),
    ...(from !== undefined && { from }),
    ...(ca !== undefined && { ca }),
  }).finally(progress.end);
  if (run.answers.every(({ result }) => result.kind === "failed"))
    throw new ProbeError("PROBE_NO_ANSWER", `${run.target}: ${silenceText(learnPath(run).unseen)}`);
  return run;
}

/** The families that are asked: from an address of one, the other cannot be reached. */
function familiesFor({
  family,
  from,
}: {
  readonly family: ProbeCommandOptions["family"];
  readonly from: string | undefined;
}): readonly (4 | 6)[] {
  const asked = family === "both" ? ([4, 6] as const) : family === "4" ? ([4] as const) : ([6] as const);
  const own = from === undefined ? undefined : parseAddress(from)?.family;
  const reached = asked.filter((one) => own === undefined || own === one);
  if (reached.length === 0)
    throw new CliError("USAGE_OPTION_CONFLICT", `--from is an IPv${own} address, and --family asks for IPv${family} alone`);
  return reached;
}

/** What the options say that a probe cannot know, for a run to keep. */
export function toldBy({ client, expect }: Pick<ProbeCommandOptions, "client" | "expect">): { readonly told?: Told } {
  if (client === undefined && expect === undefined) return {};
  return { told: { ...(client && { clients: client }), ...(expect !== undefined && { expected: expect }) } };
}

/** Reads a probe. */
export function findingOf(run: ProbeRun, target?: DialTarget): ProbeFinding {
  const path = learnPath(run);
  const facts = factsOfPath(path, run);
  return { path, proposal: proposePolicy(path, run), facts, ...(target?.dialedFrom && { dialedFrom: target.dialedFrom }) };
}

/** Diagnoses what a probe found. */
function diagnosed({ facts: json }: Pick<ProbeFinding, "facts">): {
  diagnosis: ReturnType<typeof diagnose>;
  advice: ReturnType<typeof advise>;
} {
  const catalogue = readCatalogue();
  const reading = parseFacts(json, catalogue);
  if (reading.kind === "refused")
    throw new CliError("DOCTOR_FACTS_NOT_JSON", escapeText(reading.issues.map(({ message }) => message).join("; ")));
  const diagnosis = diagnose(catalogue, reading.facts);
  return { diagnosis, advice: advise(catalogue, { facts: reading.facts, diagnosis }) };
}
