import { hostname as machineName } from "node:os";
import {
  controlSource,
  fileSource,
  type Gateway,
  type GatewayOptions,
  type Notice,
  type Offered,
  openGateway,
  readGatewayFile,
  type SnapshotSource,
} from "@wherefrom/gateway";
import type { AdminFlags } from "./admin-flags.ts";
import { openAdminListener } from "./admin-listener.ts";
import { withListenFlags } from "./listen-fault.ts";
import { checkNames, type Names } from "./names.ts";
import { gatewayNoticePrinter } from "./notices.ts";
import { printable } from "./output.ts";
import type { Closable, Own } from "./until-stopped.ts";

const MAX_ID_CHARS = 63;

export type GatewayNodeOptions = Names &
  AdminFlags & {
    /** Where to listen: what the flags say, or the gateway file that they name. */
    readonly place: ListenerFlags | { readonly config: string };
    readonly source: { readonly kind: "control"; readonly url: string } | { readonly kind: "snapshot"; readonly file: string };
    /** By what name the gateway reports itself; the machine and the port when absent. */
    readonly id?: string | undefined;
    /** Where the access log goes, before what the gateway file says; `-` is standard output. */
    readonly accessLog?: string | undefined;
    readonly isQuiet: boolean;
  };

export type GatewayNode = {
  readonly urls: readonly string[];
  readonly revision: number;
  /** Of the listener for health and metrics, where there is one. */
  readonly adminUrl: string | undefined;
};

/** One listener as the flags of the command tell it. */
type ListenerFlags = { readonly host: string; readonly port: number; readonly unix: string | undefined };

/**
 * Opens a gateway on its own and hands it to `own` for closing. With a snapshot file, SIGHUP reads the file again: a faulty one is
 * refused with every fault, and the running one goes on. SIGHUP and SIGUSR1 open the access log anew.
 *
 * Errors: `CliError` or `GatewayError`, each with one line that says the way out.
 */
export async function openGatewayNode(options: GatewayNodeOptions, own: Own): Promise<GatewayNode> {
  const { organization, environment } = options;
  checkNames({ organization, environment });
  // Opened first and so closed last: it tells about the whole life of the gateway.
  const admin = await openAdminListener(options, own);
  const source = own(openSource(options));
  const printNotice = gatewayNoticePrinter(options.isQuiet);
  const onNotice = (notice: Notice): void => {
    // A file is read only when somebody asks for it, and then the answer names every fault on a line of its own.
    if (options.source.kind === "snapshot" && notice.code.startsWith("SNAPSHOT_")) return;
    printNotice(notice);
  };
  const accessLog = options.accessLog === undefined ? {} : { accessLog: { file: options.accessLog } };
  const gateway = own(await openAt(options.place, { source, onNotice, id: gatewayId(options), ...accessLog }));
  admin?.show(gateway);
  own(onSignal("SIGHUP", () => source.refresh?.().then(reportOffered, reportUnreadable)));
  for (const signal of ["SIGHUP", "SIGUSR1"] as const) own(onSignal(signal, () => gateway.reopenAccessLog()));
  return { urls: gateway.listeners.map((place) => place.url), revision: gateway.revision(), adminUrl: admin?.url };
}

async function openAt(
  place: GatewayNodeOptions["place"],
  parts: Pick<GatewayOptions, "source" | "onNotice" | "id" | "accessLog">,
): Promise<Gateway> {
  if ("config" in place) return openGateway({ ...(await readGatewayFile(place.config)), ...parts });
  const { host, port, unix } = place;
  if (unix !== undefined) return openGateway({ listeners: [{ unix }], ...parts });
  const flags = {
    host,
    port,
    hostFlag: "--host",
    portFlag: "--port",
    hostVariable: "WHEREFROM_GATEWAY_HOST",
    portVariable: "WHEREFROM_GATEWAY_PORT",
  };
  return withListenFlags(flags, () => openGateway({ listeners: [{ host, port }], ...parts }));
}

function openSource(options: GatewayNodeOptions): SnapshotSource {
  const { source, organization, environment } = options;
  if (source.kind === "snapshot") return fileSource(source.file);
  return controlSource({ url: source.url, organization, environment, gatewayId: gatewayId(options) });
}

function gatewayId({ id, place }: GatewayNodeOptions): string {
  return id ?? ownName(place);
}

/** The machine and where the gateway listens: two gateways on one machine have different names. */
function ownName(place: GatewayNodeOptions["place"]): string {
  return `${machineName()}-${placeName(place)}`
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .slice(-MAX_ID_CHARS)
    .replace(/^[._-]+/, "");
}

function placeName(place: GatewayNodeOptions["place"]): string {
  if ("config" in place) return place.config;
  const { host, port, unix } = place;
  return unix ?? `${host}-${port === 0 ? process.pid : port}`;
}

/** Listens to a signal, also where there is nothing to do then: it must not end the process. */
function onSignal(signal: NodeJS.Signals, act: () => void): Closable {
  process.on(signal, act);
  return {
    async close() {
      process.off(signal, act);
    },
  };
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
