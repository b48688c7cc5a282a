import { dirname } from "node:path";
import { type Command, InvalidArgumentError, type Option } from "commander";
import { AUTH_IS_OFF, authOption } from "../auth-flag.ts";
import { bootstrapTokenFileOption, handOver } from "../first-token.ts";
import { type OidcFlag, oidcOption, oidcSettings } from "../oidc-flag.ts";
import { parseHost, parsePort, switchOption, valueOption } from "../option-values.ts";
import { openOutput } from "../output.ts";
import { openProber, type ProbeToFlag, probeToOption } from "../probe-to-flag.ts";
import { addReachOptions, type ReachFlags, reachOptions } from "../reach-flags.ts";
import { signingKeyOption, signingKeyPlace } from "../signing-key.ts";
import { runUntilStopped } from "../until-stopped.ts";

const EXAMPLES = `
Examples:
  $ wherefrom control
  $ wherefrom control --port 8091 --database sqlite:/var/lib/wherefrom/control.db --organization acme
  $ wherefrom control --ranges ./data/ranges     # what provider:NAME means; looked at again every 10 seconds
  $ wherefrom control --probe-to public --probe-to 10.77.0.0/16     # operators may have it probe these
  $ wherefrom control --analytics duckdb:./data/events.duckdb    # keeps the events that gateways send
  $ wherefrom control --analytics duckdb:./data/events.duckdb --max-event-store-bytes 21474836480    # 20 GiB; the oldest go for more
  $ CLICKHOUSE_PASSWORD=… wherefrom control --analytics clickhouse://wherefrom@events.internal:8123/wherefrom    # several may share it
  $ WHEREFROM_DATABASE=sqlite:./control.db wherefrom control --json
  $ WHEREFROM_SIGNING_KEY_PEM="$(cat key.pem)" wherefrom control
  $ PGPASSWORD=… wherefrom control --database postgres://wherefrom@db.internal/wherefrom    # several may share it

The first start prints an admin token. What it makes for others: wherefrom token --help.
For other machines it takes TLS and a name, here or at a proxy that alone may connect:
  $ wherefrom control --host 0.0.0.0 --name control.example --tls-cert cert.pem --tls-key key.pem
  $ wherefrom control --name control.example --tls-proxy 127.0.0.1          # a proxy on this machine`;

const RESET_EXAMPLES = `
Examples:
  $ wherefrom control reset-token
  $ wherefrom control reset-token --database sqlite:/var/lib/wherefrom/control.db --bootstrap-token-file admin.token

It needs the database and no token. Control on an SQLite file has to be stopped first.`;

const DATABASE = /^(?:sqlite:(.+)|postgres(?:ql)?:\/\/.+)$/s;

const ANALYTICS = /^(?:duckdb:(.+)|clickhouses?:\/\/.+)$/s;

type ControlCommandOptions = ProbeToFlag &
  OidcFlag &
  ReachFlags & {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly analytics?: string;
    readonly maxEventStoreBytes?: number;
    readonly organization: string;
    readonly ranges?: string;
    readonly signingKey?: string;
    readonly auth: "tokens" | "off";
    readonly bootstrapTokenFile?: string;
    readonly json?: boolean;
    readonly quiet?: boolean;
  };

/** Adds `wherefrom control`: the management API alone. */
export function addControlCommand(program: Command): void {
  const control = program.command("control").description("Run the management API").enablePositionalOptions();
  control
    .addOption(
      valueOption("--host <host>", "where the API listens; beyond loopback it takes TLS", "WHEREFROM_API_HOST")
        .default("127.0.0.1")
        .argParser(parseHost),
    )
    .addOption(valueOption("--port <port>", "port of the API", "WHEREFROM_API_PORT").default(8081).argParser(parsePort))
    .addOption(databaseOption())
    .addOption(analyticsOption())
    .addOption(
      valueOption(
        "--max-event-store-bytes <bytes>",
        "room that events may take on the disk: for more, the oldest are deleted; default: 107374182400",
        "WHEREFROM_MAX_EVENT_STORE_BYTES",
      ).argParser(parseRoom),
    )
    .addOption(valueOption("--organization <name>", "name of the organization", "WHEREFROM_ORGANIZATION").default("local"))
    .addOption(valueOption("--ranges <folder>", "range files that provider:NAME means; without it what is built in", "WHEREFROM_RANGES"))
    .addOption(signingKeyOption("default: snapshot-key.pem beside the database"))
    .addOption(authOption())
    .addOption(bootstrapTokenFileOption())
    .addOption(oidcOption())
    .addOption(probeToOption());
  addReachOptions(control)
    .addOption(switchOption("--json", "write one JSON line when it is ready, and nothing else", "WHEREFROM_JSON"))
    .addOption(switchOption("--quiet", "write faults only", "WHEREFROM_QUIET"))
    .addHelpText("after", EXAMPLES)
    .action(runControl);
  control
    .command("reset-token")
    .description("Make the admin token of the first start anew")
    .addOption(databaseOption())
    .addOption(bootstrapTokenFileOption())
    .addHelpText("after", RESET_EXAMPLES)
    .action(resetToken);
}

function databaseOption(): Option {
  return valueOption("--database <url>", "the database: sqlite:PATH, or postgres://… for several nodes", "WHEREFROM_DATABASE")
    .default("sqlite:./data/control.db")
    .argParser(parseDatabase);
}

function analyticsOption(): Option {
  return valueOption(
    "--analytics <url>",
    "where events of gateways are kept: duckdb:PATH, or clickhouse://… for several nodes; without it none are taken",
    "WHEREFROM_ANALYTICS",
  ).argParser(parseAnalytics);
}

function parseAnalytics(text: string): string {
  if (ANALYTICS.test(text)) return text;
  throw new InvalidArgumentError("Expected duckdb: and the path of a file, or clickhouse://USER@HOST:8123/DATABASE.");
}

/** DuckDB gives room back in steps of some 20 MB: below this they would be most of it. */
const MIN_ROOM = 67_108_864;

function parseRoom(text: string): number {
  if (/^[0-9]{1,15}$/.test(text) && Number(text) >= MIN_ROOM) return Number(text);
  throw new InvalidArgumentError(`Expected a number of bytes from ${MIN_ROOM}.`);
}

function parseDatabase(text: string): string {
  if (DATABASE.test(text)) return text;
  throw new InvalidArgumentError("Expected sqlite: and the path of a file, or postgres://USER@HOST/DATABASE.");
}

async function runControl(options: ControlCommandOptions): Promise<void> {
  const { host, port, database, analytics, organization, ranges: folder, signingKey, auth, bootstrapTokenFile, json, quiet } = options;
  const { maxEventStoreBytes } = options;
  const isQuiet = quiet === true || json === true;
  const output = openOutput(process.stdout);
  await runUntilStopped(async (own) => {
    const [{ openControl }, { checkNames }, { printControlNotice }, { prepareDataFolder }, { withListenFlags }, { openFolder }] =
      await Promise.all([
        import("@wherefrom/control"),
        import("../names.ts"),
        import("../notices.ts"),
        import("../data-folder.ts"),
        import("../listen-fault.ts"),
        import("../ranges-folder.ts"),
      ]);
    checkNames({ organization });
    const file = DATABASE.exec(database)?.[1];
    if (file !== undefined) prepareDataFolder(dirname(file), "choose another with --database sqlite:PATH (WHEREFROM_DATABASE)");
    const eventFile = ANALYTICS.exec(analytics ?? "")?.[1];
    if (eventFile !== undefined) prepareDataFolder(dirname(eventFile), "choose another with --analytics duckdb:PATH (WHEREFROM_ANALYTICS)");
    const flags = {
      host,
      port,
      hostFlag: "--host",
      portFlag: "--port",
      hostVariable: "WHEREFROM_API_HOST",
      portVariable: "WHEREFROM_API_PORT",
    };
    const ranges = await openFolder(folder);
    const signing = signingKeyPlace(signingKey);
    const probing = await openProber(options);
    const control = own(
      await withListenFlags(flags, () =>
        openControl({
          listen: { host, port },
          database,
          organization,
          ...(analytics !== undefined && { analytics }),
          ...(maxEventStoreBytes !== undefined && { limits: { maxEventStoreBytes } }),
          ...(ranges && { ranges }),
          ...signing,
          ...probing,
          access: auth,
          ...oidcSettings(options),
          ...reachOptions(options),
          onNotice: printControlNotice,
        }),
      ),
    );
    const { url: api, snapshotKey, firstToken } = control;
    const shown = handOver(firstToken, bootstrapTokenFile);
    const adminToken = shown.length > 0 ? { adminToken: firstToken } : {};
    if (json === true) await output.write(`${JSON.stringify({ api, organization, snapshotKey, ...adminToken })}\n`);
    if (!isQuiet)
      await output.write(`API at ${api}/v1/organizations/${organization}, snapshots signed by ${snapshotKey}. Ctrl-C stops it.\n`);
    if (!isQuiet && auth === "off") await output.write(`Mind that ${AUTH_IS_OFF}.\n`);
    // also when it is to be quiet: nobody could ask for it again
    if (json !== true && shown.length > 0) await output.write(`${shown.join("\n")}\n`);
  });
}

type ResetOptions = { readonly database: string; readonly bootstrapTokenFile?: string };

async function resetToken({ database, bootstrapTokenFile }: ResetOptions): Promise<void> {
  const output = openOutput(process.stdout);
  const { resetAdminToken } = await import("@wherefrom/control");
  const shown = handOver(await resetAdminToken(database), bootstrapTokenFile);
  if (shown.length > 0) await output.write(`${shown.join("\n")}\n`);
  await output.finish();
}
