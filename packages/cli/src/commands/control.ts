import { dirname } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { parseHost, parsePort, switchOption, valueOption } from "../option-values.ts";
import { openOutput } from "../output.ts";
import { signingKeyOption, signingKeyPlace } from "../signing-key.ts";
import { runUntilStopped } from "../until-stopped.ts";

const EXAMPLES = `
Examples:
  $ wherefrom control
  $ wherefrom control --port 8091 --database sqlite:/var/lib/wherefrom/control.db --organization acme
  $ wherefrom control --ranges ./data/ranges     # what provider:NAME means; looked at again every 10 seconds
  $ WHEREFROM_DATABASE=sqlite:./control.db wherefrom control --json
  $ WHEREFROM_SIGNING_KEY_PEM="$(cat key.pem)" wherefrom control
  $ PGPASSWORD=… wherefrom control --database postgres://wherefrom@db.internal/wherefrom    # several may share it

It listens on loopback only, because it does not know yet who may change what.`;

const DATABASE = /^(?:sqlite:(.+)|postgres(?:ql)?:\/\/.+)$/s;

type ControlCommandOptions = {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly organization: string;
  readonly ranges?: string;
  readonly signingKey?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
};

/** Adds `wherefrom control`: the management API alone. */
export function addControlCommand(program: Command): void {
  program
    .command("control")
    .description("Run the management API")
    .addOption(
      valueOption("--host <host>", "where the API listens; loopback only", "WHEREFROM_API_HOST").default("127.0.0.1").argParser(parseHost),
    )
    .addOption(valueOption("--port <port>", "port of the API", "WHEREFROM_API_PORT").default(8081).argParser(parsePort))
    .addOption(
      valueOption("--database <url>", "the database: sqlite:PATH, or postgres://… for several nodes", "WHEREFROM_DATABASE")
        .default("sqlite:./data/control.db")
        .argParser(parseDatabase),
    )
    .addOption(valueOption("--organization <name>", "name of the organization", "WHEREFROM_ORGANIZATION").default("local"))
    .addOption(valueOption("--ranges <folder>", "range files that provider:NAME means; without it what is built in", "WHEREFROM_RANGES"))
    .addOption(signingKeyOption("default: snapshot-key.pem beside the database"))
    .addOption(switchOption("--json", "write one JSON line when it is ready, and nothing else", "WHEREFROM_JSON"))
    .addOption(switchOption("--quiet", "write faults only", "WHEREFROM_QUIET"))
    .addHelpText("after", EXAMPLES)
    .action(runControl);
}

function parseDatabase(text: string): string {
  if (DATABASE.test(text)) return text;
  throw new InvalidArgumentError("Expected sqlite: and the path of a file, or postgres://USER@HOST/DATABASE.");
}

async function runControl(options: ControlCommandOptions): Promise<void> {
  const { host, port, database, organization, ranges: folder, signingKey, json, quiet } = options;
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
    const control = own(
      await withListenFlags(flags, () =>
        openControl({
          listen: { host, port },
          database,
          organization,
          ...(ranges && { ranges }),
          ...signing,
          onNotice: printControlNotice,
        }),
      ),
    );
    const { url: api, snapshotKey } = control;
    if (json === true) await output.write(`${JSON.stringify({ api, organization, snapshotKey })}\n`);
    if (!isQuiet)
      await output.write(`API at ${api}/v1/organizations/${organization}, snapshots signed by ${snapshotKey}. Ctrl-C stops it.\n`);
  });
}
