import type { Command } from "commander";
import { CliError } from "../errors.ts";
import type { GatewayNodeOptions } from "../gateway-node.ts";
import { parseGatewayName, parseHost, parseHttpUrl, parsePort, switchOption, valueOption } from "../option-values.ts";
import { openOutput } from "../output.ts";
import { runUntilStopped } from "../until-stopped.ts";

const EXAMPLES = `
Examples:
  $ wherefrom gateway --control http://127.0.0.1:8081 --organization local --environment demo --port 8082
  $ wherefrom gateway --snapshot snapshot.json --host 0.0.0.0 --port 80
  $ kill -HUP PID     # reads the snapshot file again; a faulty file changes nothing

A snapshot file is what GET /v1/organizations/ORG/environments/ENV/snapshot of the API answers.
A flag goes before an environment variable: --snapshot on the command line wins over WHEREFROM_CONTROL.`;

type GatewayCommandOptions = {
  readonly control?: string;
  readonly snapshot?: string;
  readonly organization: string;
  readonly environment: string;
  readonly host: string;
  readonly port: number;
  readonly id?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
};

/** Adds `wherefrom gateway`: a gateway alone, fed by a management API or by a snapshot file. */
export function addGatewayCommand(program: Command): void {
  program
    .command("gateway")
    .description("Run a gateway")
    .addOption(
      valueOption("--control <url>", "take the configuration from this management API", "WHEREFROM_CONTROL").argParser(parseHttpUrl),
    )
    .addOption(valueOption("--snapshot <file>", "take the configuration from this file", "WHEREFROM_SNAPSHOT"))
    .addOption(valueOption("--organization <name>", "name of the organization", "WHEREFROM_ORGANIZATION").default("local"))
    .addOption(valueOption("--environment <name>", "environment that the gateway runs", "WHEREFROM_ENVIRONMENT").default("demo"))
    .addOption(
      valueOption("--host <host>", "where the gateway listens", "WHEREFROM_GATEWAY_HOST").default("127.0.0.1").argParser(parseHost),
    )
    .addOption(valueOption("--port <port>", "port of the gateway", "WHEREFROM_GATEWAY_PORT").default(8080).argParser(parsePort))
    .addOption(
      valueOption("--id <name>", "name by which the API lists it; default: machine and port", "WHEREFROM_GATEWAY_ID").argParser(
        parseGatewayName,
      ),
    )
    .addOption(switchOption("--json", "write one JSON line when it is ready, and nothing else", "WHEREFROM_JSON"))
    .addOption(switchOption("--quiet", "write faults only", "WHEREFROM_QUIET"))
    .addHelpText("after", EXAMPLES)
    .action((options: GatewayCommandOptions, command: Command) => runGateway(options, command));
}

async function runGateway(options: GatewayCommandOptions, command: Command): Promise<void> {
  const source = chooseSource(options, (name) => command.getOptionValueSource(name) === "cli");
  const { organization, environment, host, port, json } = options;
  const isQuiet = options.quiet === true || json === true;
  const output = openOutput(process.stdout);
  await runUntilStopped(async (own) => {
    const { openGatewayNode } = await import("../gateway-node.ts");
    const gateway = await openGatewayNode({ organization, environment, host, port, source, id: options.id, isQuiet }, own);
    if (json === true) await output.write(`${JSON.stringify({ gateway: gateway.url, revision: gateway.revision })}\n`);
    if (!isQuiet) await output.write(`Gateway at ${gateway.url}/, running revision ${gateway.revision}. Ctrl-C stops it.\n`);
  });
}

/** Exactly one source. A flag beats the other source's environment variable; two of a kind are a contradiction. */
function chooseSource({ control, snapshot }: GatewayCommandOptions, isFlag: (name: string) => boolean): GatewayNodeOptions["source"] {
  if (control === undefined && snapshot === undefined) {
    throw new CliError("USAGE_OPTION_MISSING", "Give --control URL (WHEREFROM_CONTROL) or --snapshot FILE (WHEREFROM_SNAPSHOT)");
  }
  if (control !== undefined && snapshot !== undefined && isFlag("control") === isFlag("snapshot")) {
    throw new CliError("USAGE_OPTION_CONFLICT", "Give either --control (WHEREFROM_CONTROL) or --snapshot (WHEREFROM_SNAPSHOT), not both");
  }
  if (control !== undefined && (snapshot === undefined || isFlag("control"))) return { kind: "control", url: control };
  return { kind: "snapshot", file: snapshot ?? "" };
}
