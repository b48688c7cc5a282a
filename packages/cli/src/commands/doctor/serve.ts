import { CONTAINER_KINDS, type ContainerKind, type EchoNotice, isEchoPath, serveEcho } from "@wherefrom/doctor";
import { type Command, InvalidArgumentError } from "commander";
import { createResolver, escapeText } from "wherefrom";
import { withListenFlags } from "../../listen-fault.ts";
import { parseHost, parsePort, switchOption, valueOption } from "../../option-values.ts";
import { printableJson } from "../../output.ts";
import { readPolicy } from "../../policy-text.ts";
import { readProviders } from "../../ranges-folder.ts";
import { runUntilStopped } from "../../until-stopped.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

const DEFAULT_MINUTES = 60;

const EXAMPLES = `
Examples:
  $ wherefrom doctor serve --port 8000
  $ wherefrom doctor serve --host 0.0.0.0 --port 8000 --path /.wherefrom-4c1f0a9e7d2b --minutes 10
  $ wherefrom doctor serve --port 8000 --policy policy.json

It stands beside a service or in its place, and tells whoever knows its path what arrived there; anybody else gets 404. Without --path the path is drawn at random. It ends by itself. Ask it with
wherefrom doctor probe from where the clients are.

Exit codes: 0 stopped, or its time was over; 2 usage; 3 could not run.`;

type ServeOptions = {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
  readonly policy?: string;
  readonly ranges?: string;
  readonly minutes: number;
  readonly container?: ContainerKind;
  readonly synTtl?: boolean;
  readonly json?: boolean;
};

/** Adds `wherefrom doctor serve`: the service's end of a probe. */
export function addServeCommand(doctor: Command): void {
  doctor
    .command("serve")
    .description("Tell a probe what arrives at the service: HTTP and WebSocket")
    .addOption(
      valueOption("--host <address>", "the address to listen on", "WHEREFROM_DOCTOR_HOST").argParser(parseHost).default("127.0.0.1"),
    )
    .addOption(
      valueOption("--port <port>", "the port to listen on; 0 for a free one", "WHEREFROM_DOCTOR_PORT").argParser(parsePort).default(0),
    )
    .addOption(
      valueOption("--path <path>", "the secret path: at least 16 characters behind the slash", "WHEREFROM_DOCTOR_PATH").argParser(
        parseEchoPath,
      ),
    )
    .addOption(valueOption("--policy <json-or-file>", "the service's policy: its answer is told, too", "WHEREFROM_POLICY"))
    .addOption(valueOption("--ranges <folder>", "range files that provider:NAME means; without it what is built in", "WHEREFROM_RANGES"))
    .addOption(
      valueOption("--minutes <minutes>", "how long to serve", "WHEREFROM_DOCTOR_MINUTES").argParser(parseMinutes).default(DEFAULT_MINUTES),
    )
    .addOption(switchOption("--json", "write one JSON object with a version, and a line of JSON for each notice", "WHEREFROM_JSON"))
    .addOption(
      valueOption(
        "--container <kind>",
        "what the service runs in, when its host's files do not say it right",
        "WHEREFROM_DOCTOR_CONTAINER",
      ).choices(CONTAINER_KINDS),
    )
    .addOption(
      switchOption(
        "--syn-ttl",
        "tell how many hops each connection's first packet has lost: takes tcpdump, and the right to use it",
        "WHEREFROM_DOCTOR_SYN_TTL",
      ),
    )
    .addHelpText("after", EXAMPLES)
    .action(async (options: ServeOptions) => {
      const policy = options.policy === undefined ? undefined : readPolicy(options.policy, await readProviders(options.ranges));
      const { host, port } = options;
      await runUntilStopped(async (own) => {
        const echo = own(
          await withListenFlags(
            {
              host,
              port,
              hostFlag: "--host",
              portFlag: "--port",
              hostVariable: "WHEREFROM_DOCTOR_HOST",
              portVariable: "WHEREFROM_DOCTOR_PORT",
            },
            () =>
              serveEcho({
                listen: { host, port },
                ...(options.path !== undefined && { path: options.path }),
                ...(options.container !== undefined && { container: options.container }),
                watchesSyns: options.synTtl === true,
                ...(policy && { resolver: createResolver(policy) }),
                onNotice: (notice) => tellNotice(notice, options),
              }),
          ),
        );
        const url = `http://${host.includes(":") ? `[${host}]` : host}:${echo.address.port}${echo.path}`;
        process.stdout.write(
          options.json === true
            ? `${printableJson({ version: JSON_VERSION, url, path: echo.path, port: echo.address.port })}\n`
            : `${url}\n`,
        );
        // ends as Ctrl-C does; a timer alone keeps nothing alive
        setTimeout(() => process.kill(process.pid, "SIGTERM"), options.minutes * 60_000).unref();
      });
    });
}

export function parseEchoPath(text: string): string {
  if (!isEchoPath(text)) {
    throw new InvalidArgumentError(
      "Expected a slash and at least 16 letters, digits, dots, tildes, slashes or hyphens, the last no slash.",
    );
  }
  return text;
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || minutes < 1 || minutes > 1_440)
    throw new InvalidArgumentError("Expected a number of minutes from 1 to 1440.");
  return minutes;
}

function tellNotice(notice: EchoNotice, { json }: ServeOptions): void {
  process.stderr.write(`${json === true ? printableJson({ version: JSON_VERSION, notice }) : noticeText(notice)}\n`);
}

function noticeText(notice: EchoNotice): string {
  const peer = escapeText(notice.peer);
  switch (notice.kind) {
    case "proxy-protocol":
      return `${peer} began with PROXY protocol ${notice.version}, which this server does not expect (proxy-protocol-unexpected)`;
    case "tls":
      return `${peer} began with TLS: this server speaks plain HTTP`;
    case "malformed":
      return `${peer} sent no HTTP (${escapeText(notice.code)})`;
  }
}
