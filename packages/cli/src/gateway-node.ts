import { hostname as machineName } from "node:os";
import { controlSource, fileSource, type Notice, type Offered, openGateway, type SnapshotSource } from "@wherefrom/gateway";
import { withListenFlags } from "./listen-fault.ts";
import { checkNames, type Names } from "./names.ts";
import { gatewayNoticePrinter } from "./notices.ts";
import { printable } from "./output.ts";
import type { Closable, Own } from "./until-stopped.ts";

const MAX_ID_CHARS = 63;

export type GatewayNodeOptions = Names & {
  readonly host: string;
  readonly port: number;
  readonly source: { readonly kind: "control"; readonly url: string } | { readonly kind: "snapshot"; readonly file: string };
  /** By what name the gateway reports itself; the machine and the port when absent. */
  readonly id: string | undefined;
  readonly isQuiet: boolean;
};

export type GatewayNode = { readonly url: string; readonly revision: number };

/**
 * Opens a gateway on its own and hands it to `own` for closing. With a snapshot file, SIGHUP reads the file again: a faulty one is
 * refused with every fault, and the running one goes on.
 *
 * Errors: `CliError` or `GatewayError`, each with one line that says the way out.
 */
export async function openGatewayNode(options: GatewayNodeOptions, own: Own): Promise<GatewayNode> {
  const { organization, environment, host, port } = options;
  checkNames({ organization, environment });
  const source = own(openSource(options));
  const flags = {
    host,
    port,
    hostFlag: "--host",
    portFlag: "--port",
    hostVariable: "WHEREFROM_GATEWAY_HOST",
    portVariable: "WHEREFROM_GATEWAY_PORT",
  };
  const printNotice = gatewayNoticePrinter(options.isQuiet);
  const onNotice = (notice: Notice): void => {
    // A file is read only when somebody asks for it, and then the answer names every fault on a line of its own.
    if (options.source.kind === "snapshot" && notice.code.startsWith("SNAPSHOT_")) return;
    printNotice(notice);
  };
  const gateway = own(await withListenFlags(flags, () => openGateway({ listen: { host, port }, source, onNotice })));
  own(rereadOnHangUp(source));
  return { url: gateway.url, revision: gateway.revision() };
}

function openSource({ source, organization, environment, host, port, id }: GatewayNodeOptions): SnapshotSource {
  if (source.kind === "snapshot") return fileSource(source.file);
  return controlSource({ url: source.url, organization, environment, gatewayId: id ?? ownName(host, port) });
}

/** The machine and where the gateway listens: two gateways on one machine have different names. */
function ownName(host: string, port: number): string {
  const place = port === 0 ? `${process.pid}` : `${port}`;
  return `${machineName()}-${host}-${place}`
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .slice(-MAX_ID_CHARS)
    .replace(/^[._-]+/, "");
}

/** SIGHUP reads a snapshot file again. For a source that follows control there is nothing to do, but the signal must not end it. */
function rereadOnHangUp(source: SnapshotSource): Closable {
  const onHangUp = (): void => {
    source.refresh?.().then(reportOffered, reportUnreadable);
  };
  process.on("SIGHUP", onHangUp);
  return {
    async close() {
      process.off("SIGHUP", onHangUp);
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
