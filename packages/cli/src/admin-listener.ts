import { type Admin, type AdminOptions, openAdmin } from "@wherefrom/gateway";
import type { AdminFlags } from "./admin-flags.ts";
import { CliError } from "./errors.ts";
import { withListenFlags } from "./listen-fault.ts";
import type { Own } from "./until-stopped.ts";

/** What the flags say of the listener for health and metrics, before what a gateway file says; `undefined` when neither names a port. */
export function adminOptions({ adminHost, adminPort, adminName }: AdminFlags, file?: AdminOptions): AdminOptions | undefined {
  const port = adminPort ?? file?.port;
  if (port !== undefined)
    return {
      ...file,
      port,
      ...(adminHost !== undefined && { host: adminHost }),
      ...(adminName !== undefined && { names: [...adminName] }),
    };
  if (adminHost === undefined && adminName === undefined) return undefined;
  throw new CliError("USAGE_OPTION_MISSING", "Give --admin-port PORT (WHEREFROM_ADMIN_PORT) beside --admin-host and --admin-name");
}

/** Opens the listener, if there is to be one, and hands it to `own` for closing. It says that the gateway starts until it is shown one. */
export async function openAdminListener(options: AdminOptions | undefined, own: Own): Promise<Admin | undefined> {
  if (options === undefined) return undefined;
  const flags = {
    host: options.host ?? "127.0.0.1",
    port: options.port,
    hostFlag: "--admin-host",
    portFlag: "--admin-port",
    hostVariable: "WHEREFROM_ADMIN_HOST",
    portVariable: "WHEREFROM_ADMIN_PORT",
  };
  return own(await withListenFlags(flags, () => openAdmin(options)));
}
