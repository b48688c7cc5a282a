import { type Admin, openAdmin } from "@wherefrom/gateway";
import type { AdminFlags } from "./admin-flags.ts";
import { withListenFlags } from "./listen-fault.ts";
import type { Own } from "./until-stopped.ts";

/** Opens the listener when its port was given, and hands it to `own` for closing. It says that the gateway starts until it is shown one. */
export async function openAdminListener(
  { adminHost: host, adminPort: port, adminName: names = [] }: AdminFlags,
  own: Own,
): Promise<Admin | undefined> {
  if (port === undefined) return undefined;
  const flags = {
    host,
    port,
    hostFlag: "--admin-host",
    portFlag: "--admin-port",
    hostVariable: "WHEREFROM_ADMIN_HOST",
    portVariable: "WHEREFROM_ADMIN_PORT",
  };
  return own(await withListenFlags(flags, () => openAdmin({ listen: { host, port }, names })));
}
