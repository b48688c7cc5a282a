import type { Gateway, GatewayGroup, GatewayOptions, KeptSource, Notice, Offered } from "@wherefrom/gateway";
import { openAdminListener } from "./admin-listener.ts";
import { type GatewayNodeOptions, type GatewaySetup, openSource, readSetup } from "./gateway-setup.ts";
import type { HeldSignal } from "./held-signals.ts";
import { withListenFlags } from "./listen-fault.ts";
import { checkNames } from "./names.ts";
import { gatewayNoticePrinter } from "./notices.ts";
import { openGatewayOrGroup } from "./open-gateway-or-group.ts";
import { printable } from "./output.ts";
import type { Own } from "./until-stopped.ts";

export type GatewayNode = {
  readonly urls: readonly string[];
  readonly revision: number;
  /** Of the listener for health and metrics, where there is one. */
  readonly adminUrl: string | undefined;
};

/**
 * Opens a gateway on its own and hands it to `own` for closing. With a snapshot file, SIGHUP reads the file again: a faulty one is
 * refused with every fault, and the running one goes on. SIGHUP reads certificates again too. SIGHUP and SIGUSR1 open the access log anew. SIGUSR2 puts
 * new workers in the place of the old, by the gateway file as it is then.
 *
 * Errors: `CliError` or `GatewayError`, each with one line that says the way out.
 */
export async function openGatewayNode(options: GatewayNodeOptions, own: Own): Promise<GatewayNode> {
  const { organization, environment } = options;
  checkNames({ organization, environment });
  const setup = await readSetup(options);
  // Opened first and so closed last: it tells about the whole life of the gateway.
  const admin = await openAdminListener(setup.admin, own);
  const source = own(await openSource(options, setup));
  const onNotice = noticePrinter(options);
  if (options.source.kind === "control" && setup.snapshotKeys === undefined) onNotice(UNVERIFIED);
  const gateway = own(await openListening(options, { ...setup, source, onNotice }));
  admin?.show(gateway);
  own(options.signals.follow((signal) => act(signal, { gateway, source, options })));
  return { urls: gateway.listeners.map((place) => place.url), revision: gateway.revision(), adminUrl: admin?.url };
}

const UNVERIFIED: Notice = {
  level: "warning",
  code: "SNAPSHOT_UNVERIFIED",
  message:
    "Nobody looks at the signatures of snapshots. Give --snapshot-key KEY (WHEREFROM_SNAPSHOT_KEY), as wherefrom snapshot-key prints it",
};

/** What the answer to SIGHUP says line by line, where a file is read only when somebody asks for it. */
const ANSWERED: ReadonlySet<Notice["code"]> = new Set<Notice["code"]>(["SNAPSHOT_APPLIED", "SNAPSHOT_REFUSED"]);

function noticePrinter({ source, isQuiet }: GatewayNodeOptions): (notice: Notice) => void {
  const print = gatewayNoticePrinter(isQuiet);
  return (notice) => {
    if (source.kind === "control" || !ANSWERED.has(notice.code)) print(notice);
  };
}

function openListening(options: GatewayNodeOptions, parts: GatewayOptions & GatewaySetup): Promise<Gateway | GatewayGroup> {
  const { place } = options;
  if ("config" in place || place.unix !== undefined) return openGatewayOrGroup(parts, options);
  const flags = {
    host: place.host,
    port: place.port,
    hostFlag: "--host",
    portFlag: "--port",
    hostVariable: "WHEREFROM_GATEWAY_HOST",
    portVariable: "WHEREFROM_GATEWAY_PORT",
  };
  return withListenFlags(flags, () => openGatewayOrGroup(parts, options));
}

type Running = { readonly gateway: Gateway | GatewayGroup; readonly source: KeptSource; readonly options: GatewayNodeOptions };

function act(signal: HeldSignal, { gateway, source, options }: Running): void {
  if (signal === "SIGUSR2") return void restartWorkers(gateway, options);
  gateway.reopenAccessLog();
  if (signal === "SIGUSR1") return;
  void gateway.refreshCertificates();
  source.refresh?.().then(reportOffered, reportUnreadable);
}

async function restartWorkers(gateway: Gateway | GatewayGroup, options: GatewayNodeOptions): Promise<void> {
  if (!("restart" in gateway)) return complain("There are no workers to replace: run it with --workers");
  try {
    await gateway.restart(await readSetup(options));
  } catch (error) {
    complain(`The workers go on as they are: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function reportOffered(offered: Offered): void {
  if (offered.kind === "applied") return complain(`Snapshot read again: running revision ${offered.revision}`);
  complain(`Snapshot refused, revision ${offered.running} goes on; its faults:`);
  for (const { message, code } of offered.issues) complain(message.includes(code) ? `  ${message}` : `  ${message} [${code}]`);
}

function reportUnreadable(error: unknown): void {
  complain(`Snapshot not read again: ${error instanceof Error ? error.message : String(error)}`);
}

function complain(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}
