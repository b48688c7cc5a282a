import type { Command } from "commander";
import { type AdminFlags, addAdminOptions } from "../admin-flags.ts";
import { CliError } from "../errors.ts";
import type { GatewayNode } from "../gateway-node.ts";
import type { GatewayNodeOptions } from "../gateway-setup.ts";
import { geoDatabaseOption } from "../geo-database-flag.ts";
import { holdSignals } from "../held-signals.ts";
import { addListenerOptions, LISTENER_FLAGS, type ListenerFlags } from "../listener-flags.ts";
import { collectSnapshotKeys, parseGatewayName, parseHttpUrls, switchOption, valueOption } from "../option-values.ts";
import { openOutput } from "../output.ts";
import { runUntilStopped } from "../until-stopped.ts";
import { type WorkersFlag, workersOption } from "../workers-flag.ts";

const EXAMPLES = `
Examples:
  $ wherefrom gateway --control http://127.0.0.1:8081 --control-token-file gateway.key --environment demo --port 8082
  $ wherefrom gateway --control http://control-1:8081,http://control-2:8081    # nodes over one database: the next when one is lost
  $ wherefrom gateway --snapshot snapshot.json --host 0.0.0.0 --port 80
  $ wherefrom gateway --snapshot snapshot.json --unix /run/wherefrom/gateway.sock
  $ wherefrom gateway --snapshot snapshot.json --port 443 --tls-cert server.crt --tls-key server.key
  $ wherefrom gateway --snapshot snapshot.json --port 443 --proxy-protocol-from 10.0.0.0/8
  $ wherefrom gateway --snapshot snapshot.json --config gateway.json     # several listeners, limits
  $ wherefrom gateway --control http://127.0.0.1:8081 --admin-port 9901    # then: curl http://127.0.0.1:9901/readyz
  $ wherefrom gateway --control http://127.0.0.1:8081 --control-token-file gateway.key --snapshot-key "$(wherefrom snapshot-key)"
  $ wherefrom gateway --snapshot snapshot.json --access-log access.log
  $ wherefrom gateway --control http://127.0.0.1:8081 --control-token-file gateway.key --events ./data/spool
  $ wherefrom gateway --snapshot snapshot.json --ranges ./data/ranges
  $ wherefrom gateway --snapshot snapshot.json --workers auto
  $ kill -HUP PID     # reads the snapshot file, range files and certificates again, and opens the access log anew; a faulty file changes nothing
  $ kill -USR1 PID    # opens the access log anew, after somebody moved it away
  $ kill -USR2 PID    # puts new workers in the place of the old, one after another, by the gateway file as it is then

A snapshot file is what GET /v1/organizations/ORG/environments/ENV/snapshot of the API answers.
A flag goes before an environment variable: --snapshot on the command line wins over WHEREFROM_CONTROL.`;

type GatewayCommandOptions = AdminFlags &
  ListenerFlags &
  WorkersFlag & {
    readonly control?: string;
    readonly controlTokenFile?: string;
    readonly snapshot?: string;
    readonly ranges?: string;
    readonly organization: string;
    readonly environment: string;
    readonly config?: string;
    readonly accessLog?: string;
    readonly events?: string;
    readonly geoDatabase?: readonly string[];
    readonly snapshotCache?: string;
    readonly snapshotKey?: readonly string[];
    readonly id?: string;
    readonly json?: boolean;
    readonly quiet?: boolean;
  };

/** Adds `wherefrom gateway`: a gateway alone, fed by a management API or by a snapshot file. */
export function addGatewayCommand(program: Command): void {
  const command = program
    .command("gateway")
    .description("Run a gateway")
    .addOption(
      valueOption(
        "--control <url>",
        "take the configuration from this management API; URL,URL: from one of its nodes",
        "WHEREFROM_CONTROL",
      ).argParser(parseHttpUrls),
    )
    .addOption(
      valueOption(
        "--control-token-file <file>",
        "a file that holds the gateway's key for that API; read again for each request",
        "WHEREFROM_CONTROL_TOKEN_FILE",
      ),
    )
    .addOption(valueOption("--snapshot <file>", "take the configuration from this file", "WHEREFROM_SNAPSHOT"))
    .addOption(valueOption("--ranges <folder>", "with --snapshot: range files that provider:NAME means", "WHEREFROM_RANGES"))
    .addOption(valueOption("--organization <name>", "name of the organization", "WHEREFROM_ORGANIZATION").default("local"))
    .addOption(valueOption("--environment <name>", "environment that the gateway runs", "WHEREFROM_ENVIRONMENT").default("demo"))
    .addOption(valueOption("--config <file>", "gateway file with listeners, limits and more", "WHEREFROM_GATEWAY_CONFIG"))
    .addOption(
      valueOption("--id <name>", "name by which the API lists it; default: machine and port", "WHEREFROM_GATEWAY_ID").argParser(
        parseGatewayName,
      ),
    )
    .addOption(
      valueOption("--access-log <file>", "write a line for each request to this file; - is standard output", "WHEREFROM_ACCESS_LOG"),
    );
  command.addOption(geoDatabaseOption());
  command.addOption(valueOption("--events <folder>", "spool an event for each request in this folder", "WHEREFROM_EVENTS"));
  command.addOption(workersOption());
  addListenerOptions(command);
  addAdminOptions(command)
    .addOption(
      valueOption(
        "--snapshot-cache <folder>",
        "where the last good snapshot is kept; default: ./data/snapshots with --control, nowhere with --snapshot",
        "WHEREFROM_SNAPSHOT_CACHE",
      ),
    )
    .addOption(
      valueOption(
        "--snapshot-key <key>",
        "take only snapshots signed by this key of control; twice while control changes it; first-use pins the first key that is seen",
        "WHEREFROM_SNAPSHOT_KEY",
      ).argParser(collectSnapshotKeys),
    )
    .addOption(switchOption("--json", "write one JSON line when it is ready, and nothing else", "WHEREFROM_JSON"))
    .addOption(switchOption("--quiet", "write faults only", "WHEREFROM_QUIET"))
    .addHelpText("after", EXAMPLES)
    .action((options: GatewayCommandOptions, command: Command) => runGateway(options, command));
}

async function runGateway(options: GatewayCommandOptions, command: Command): Promise<void> {
  const isFlag = (name: string): boolean => command.getOptionValueSource(name) === "cli";
  const source = chooseSource(options, isFlag);
  const place = choosePlace(options, isFlag);
  const { json } = options;
  const isQuiet = options.quiet === true || json === true;
  const output = openOutput(process.stdout);
  await runUntilStopped(async (own) => {
    const signals = own(holdSignals());
    const { openGatewayNode } = await import("../gateway-node.ts");
    const gateway = await openGatewayNode({ ...options, place, source, isQuiet, signals }, own);
    if (json === true) await output.write(`${JSON.stringify(readyLine(gateway))}\n`);
    if (!isQuiet) await output.write(`${greeting(gateway)}\n`);
  });
}

function greeting({ urls, revision, adminUrl }: GatewayNode): string {
  const health = adminUrl === undefined ? "" : `, health at ${adminUrl}`;
  return `Gateway at ${urls.join(", ")}, running revision ${revision}${health}. Ctrl-C stops it.`;
}

function readyLine({ urls, revision, adminUrl }: GatewayNode): object {
  return { gateway: urls[0], listeners: urls, revision, ...(adminUrl !== undefined && { admin: adminUrl }) };
}

/** Exactly one source. A flag beats the other source's environment variable; two of a kind are a contradiction. */
function chooseSource(
  { control, controlTokenFile: tokenFile, snapshot, ranges }: GatewayCommandOptions,
  isFlag: (name: string) => boolean,
): GatewayNodeOptions["source"] {
  if (control === undefined && snapshot === undefined) {
    throw new CliError("USAGE_OPTION_MISSING", "Give --control URL (WHEREFROM_CONTROL) or --snapshot FILE (WHEREFROM_SNAPSHOT)");
  }
  if (control !== undefined && snapshot !== undefined && isFlag("control") === isFlag("snapshot")) {
    throw new CliError("USAGE_OPTION_CONFLICT", "Give either --control (WHEREFROM_CONTROL) or --snapshot (WHEREFROM_SNAPSHOT), not both");
  }
  if (control === undefined || (snapshot !== undefined && !isFlag("control"))) return { kind: "snapshot", file: snapshot ?? "", ranges };
  if (!isFlag("ranges")) return { kind: "control", url: control, tokenFile };
  throw new CliError("USAGE_OPTION_CONFLICT", "Give --ranges to the management API, not to a gateway that takes its ranges from there");
}

/** The gateway file where there is one, as it says for any number of listeners what the flags say for one. Both on the command line are a contradiction; a file goes before environment variables. */
function choosePlace(options: GatewayCommandOptions, isFlag: (name: string) => boolean): GatewayNodeOptions["place"] {
  const { config } = options;
  const [given] = Object.entries(LISTENER_FLAGS).flatMap(([name, flag]) => (isFlag(name) ? [flag] : []));
  if (config !== undefined && given !== undefined) {
    throw new CliError(
      "USAGE_OPTION_CONFLICT",
      `Give either --config (WHEREFROM_GATEWAY_CONFIG) or ${given}, not both: the file says where to listen`,
    );
  }
  if (config !== undefined) return { config };
  const port = (["host", "port"] as const).find(isFlag);
  if (port !== undefined && isFlag("unix")) {
    throw new CliError("USAGE_OPTION_CONFLICT", `Give either --unix or ${LISTENER_FLAGS[port]}, not both: these flags say one place`);
  }
  return port === undefined ? options : { ...options, unix: undefined };
}
