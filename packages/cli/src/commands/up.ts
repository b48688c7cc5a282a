import type { Command } from "commander";
import { addAdminOptions } from "../admin-flags.ts";
import { AUTH_IS_OFF, type AuthFlag, authOption } from "../auth-flag.ts";
import { curlLine, tryDemo } from "../demo-request.ts";
import { bootstrapTokenFileOption, handOver } from "../first-token.ts";
import { geoDatabaseOption } from "../geo-database-flag.ts";
import { oidcOption } from "../oidc-flag.ts";
import { parseHost, parsePort, switchOption, valueOption } from "../option-values.ts";
import { openOutput } from "../output.ts";
import { probeToOption } from "../probe-to-flag.ts";
import type { System, SystemOptions } from "../system.ts";
import { runUntilStopped } from "../until-stopped.ts";
import { workersOption } from "../workers-flag.ts";

const EXAMPLES = `
Examples:
  $ wherefrom up
  $ wherefrom up --gateway-port 8090 --api-port 8091 --data /var/lib/wherefrom
  $ wherefrom up --geo-database country.mmdb --geo-database asn.mmdb
  $ WHEREFROM_GATEWAY_PORT=0 WHEREFROM_API_PORT=0 wherefrom up --json

Then, from another terminal:
  $ curl -s -H 'X-Forwarded-For: 203.0.113.7, 198.51.100.9' http://127.0.0.1:8080/
  $ curl -X PATCH 'http://127.0.0.1:8081/v1/organizations/local/environments/demo?updateMask=client_ip_resolution_config' \\
      -H "authorization: Bearer $(cat token)" -H 'content-type: application/json' \\
      -d '{"clientIpResolutionConfig":{"headerIndexAlgorithm":{"ipHeaderName":"X-Forwarded-For","ipHeaderIndex":-1}}}'

The first start prints the admin token; --auth off asks for none, on loopback. At each start the route named demo is pointed at the demo upstream; give a route of your own another name. Ctrl-C stops everything.
A flag goes before its environment variable. Port 0 lets the system choose.`;

type UpOptions = SystemOptions & {
  readonly bootstrapTokenFile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
};

/** Adds `wherefrom up`: gateway, management API and demo upstream in one process, on embedded stores. */
export function addUpCommand(program: Command): void {
  const command = program
    .command("up")
    .description("Run gateway, management API and a demo upstream in one process")
    .addOption(
      valueOption("--gateway-host <host>", "where the gateway listens", "WHEREFROM_GATEWAY_HOST").default("127.0.0.1").argParser(parseHost),
    )
    .addOption(valueOption("--gateway-port <port>", "port of the gateway", "WHEREFROM_GATEWAY_PORT").default(8080).argParser(parsePort))
    .addOption(
      valueOption("--api-host <host>", "where the API listens; loopback only", "WHEREFROM_API_HOST")
        .default("127.0.0.1")
        .argParser(parseHost),
    )
    .addOption(valueOption("--api-port <port>", "port of the API", "WHEREFROM_API_PORT").default(8081).argParser(parsePort))
    .addOption(valueOption("--organization <name>", "name of the organization", "WHEREFROM_ORGANIZATION").default("local"))
    .addOption(valueOption("--environment <name>", "environment that the gateway runs", "WHEREFROM_ENVIRONMENT").default("demo"))
    .addOption(valueOption("--data <folder>", "where everything is kept", "WHEREFROM_DATA").default("./data"))
    .addOption(valueOption("--ranges <folder>", "range files that provider:NAME means; without it what is built in", "WHEREFROM_RANGES"))
    .addOption(switchOption("--no-demo", "run without the demo upstream", "WHEREFROM_NO_DEMO"));
  addAdminOptions(command)
    .addOption(workersOption())
    .addOption(geoDatabaseOption())
    .addOption(authOption())
    .addOption(bootstrapTokenFileOption())
    .addOption(oidcOption())
    .addOption(probeToOption())
    .addOption(switchOption("--json", "write one JSON line when everything is ready, and nothing else", "WHEREFROM_JSON"))
    .addOption(switchOption("--quiet", "write faults only", "WHEREFROM_QUIET"))
    .addHelpText("after", EXAMPLES)
    .action(runUp);
}

async function runUp(options: UpOptions): Promise<void> {
  const isQuiet = options.quiet === true || options.json === true;
  const output = openOutput(process.stdout);
  await runUntilStopped(async (own) => {
    // Loaded here and not above: the other commands need neither the stores nor the proxy.
    const { openSystem } = await import("../system.ts");
    const system = await openSystem(options, own);
    const shown = handOver(system.firstToken, options.bootstrapTokenFile);
    const adminToken = shown.length > 0 ? { adminToken: system.firstToken } : {};
    if (options.json === true) await output.write(`${JSON.stringify({ ...readyLine(system), ...adminToken })}\n`);
    if (!isQuiet) await output.write(`${(await greeting(system, options.auth)).join("\n")}\n`);
    // also when it is to be quiet: nobody could ask for it again
    if (options.json !== true && shown.length > 0) await output.write(`${["", ...shown].join("\n")}\n`);
  });
}

function readyLine({ gatewayUrl, apiUrl, organization, environment, demoUrl, adminUrl }: System): object {
  return { gateway: gatewayUrl, api: apiUrl, organization, environment, demo: demoUrl, ...(adminUrl !== undefined && { admin: adminUrl }) };
}

async function greeting(system: System, auth: AuthFlag["auth"]): Promise<readonly string[]> {
  const { gatewayUrl, apiUrl, organization, environment, data, demoUrl, adminUrl } = system;
  return [
    "Wherefrom is running. Ctrl-C stops it.",
    "",
    `  Gateway  ${gatewayUrl}/`,
    `  API      ${apiUrl}/v1/organizations/${organization}/environments/${environment}`,
    ...(auth === "off" ? [`           ${AUTH_IS_OFF}`] : []),
    ...(adminUrl === undefined ? [] : [`  Health   ${adminUrl}/readyz, ${adminUrl}/metrics`]),
    `  Data     ${data}`,
    ...(demoUrl === null ? [] : await demoLines(gatewayUrl)),
  ];
}

async function demoLines(gatewayUrl: string): Promise<readonly string[]> {
  return ["", "Try:", `  ${curlLine(gatewayUrl)}`, "", "Tried it just now:", ...(await tryDemo(gatewayUrl)).map((line) => `  ${line}`)];
}
