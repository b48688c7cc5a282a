import { resolve as absolutePath, join } from "node:path";
import { type Control, openControl } from "@wherefrom/control";
import { controlSource, keptSource } from "@wherefrom/gateway";
import type { AdminFlags } from "./admin-flags.ts";
import { adminOptions, openAdminListener } from "./admin-listener.ts";
import type { AuthFlag } from "./auth-flag.ts";
import { prepareDataFolder, withDataFlag } from "./data-folder.ts";
import { demoRoute, pointDemoRoute } from "./demo-route.ts";
import { openDemoUpstream } from "./demo-upstream.ts";
import type { GeoDatabaseFlag } from "./geo-database-flag.ts";
import { withListenFlags } from "./listen-fault.ts";
import { checkNames, type Names } from "./names.ts";
import { gatewayNoticePrinter, printControlNotice } from "./notices.ts";
import { type OidcFlag, oidcSettings } from "./oidc-flag.ts";
import { openGatewayOrGroup } from "./open-gateway-or-group.ts";
import { openProber, type ProbeToFlag } from "./probe-to-flag.ts";
import { openFolder } from "./ranges-folder.ts";
import type { Own } from "./until-stopped.ts";
import type { WorkersFlag } from "./workers-flag.ts";

const DATABASE_FILE = "control.db";
const EVENTS_FILE = "events.duckdb";
const SPOOL_FOLDER = "spool";
const GATEWAY_ID = "local";

export type SystemOptions = Names &
  AdminFlags &
  WorkersFlag &
  GeoDatabaseFlag &
  AuthFlag &
  ProbeToFlag &
  OidcFlag & {
    readonly gatewayHost: string;
    readonly gatewayPort: number;
    readonly apiHost: string;
    readonly apiPort: number;
    readonly data: string;
    /** Folder of range files; what is built in when absent. */
    readonly ranges?: string | undefined;
    readonly demo: boolean;
  };

/** The all-in-one system, running. */
export type System = Names & {
  readonly gatewayUrl: string;
  readonly apiUrl: string;
  readonly demoUrl: string | null;
  /** Of the listener for health and metrics, where there is one. */
  readonly adminUrl: string | undefined;
  /** The admin token, at the first start. */
  readonly firstToken: string | undefined;
  /** The data folder's absolute path. */
  readonly data: string;
};

/**
 * Opens demo upstream, management API and gateway in this process, in this order, and hands each to `own` for closing.
 *
 * Errors: `CliError`, `ControlError` or `GatewayError`, each with one line that says the way out.
 */
export async function openSystem(options: SystemOptions, own: Own): Promise<System> {
  const { organization, environment } = options;
  checkNames({ organization, environment });
  prepareDataFolder(options.data, "choose another with --data PATH (WHEREFROM_DATA)");
  const admin = await openAdminListener(adminOptions(options), own);
  const demo = options.demo ? own(await openDemoUpstream()) : undefined;
  const control = own(await withDataFlag(options.data, () => openApi(options)));
  await control.seedEnvironment({ organization, name: environment, routes: demo === undefined ? [] : [demoRoute(demo.url)] });
  const keyFor = (role: "operator" | "gateway"): string =>
    control.issueKey({ name: "up", role, organization, environments: [environment] });
  if (demo !== undefined) {
    await pointDemoRoute({ apiUrl: control.url, token: keyFor("operator"), organization, environment, target: demo.url });
  }
  const key = keyFor("gateway");
  const followed = controlSource({ url: control.url, organization, environment, gatewayId: GATEWAY_ID, token: () => key });
  const source = own(keptSource(followed, { keys: [control.snapshotKey], organization, environment }));
  // What one environment has spooled is not sent to another.
  const events = { folder: join(options.data, SPOOL_FOLDER, organization, environment) };
  const { gatewayHost: host, gatewayPort: port, geoDatabase: geoDatabases } = options;
  const listening = { listeners: [{ host, port }], id: GATEWAY_ID, source, events, ...(geoDatabases && { geoDatabases }) };
  const gateway = own(
    await withListenFlags(
      {
        host,
        port,
        hostFlag: "--gateway-host",
        portFlag: "--gateway-port",
        hostVariable: "WHEREFROM_GATEWAY_HOST",
        portVariable: "WHEREFROM_GATEWAY_PORT",
      },
      () => openGatewayOrGroup({ ...listening, onNotice: gatewayNoticePrinter(true) }, options),
    ),
  );
  admin?.show(gateway);
  return {
    gatewayUrl: gateway.url,
    apiUrl: control.url,
    demoUrl: demo?.url ?? null,
    adminUrl: admin?.url,
    firstToken: control.firstToken,
    organization,
    environment,
    data: absolutePath(options.data),
  };
}

async function openApi(options: SystemOptions): Promise<Control> {
  const { apiHost: host, apiPort: port, data, organization, ranges: folder, auth: access } = options;
  const ranges = await openFolder(folder);
  const probing = await openProber(options);
  const database = `sqlite:${join(data, DATABASE_FILE)}`;
  const analytics = `duckdb:${join(data, EVENTS_FILE)}`;
  return withListenFlags(
    { host, port, hostFlag: "--api-host", portFlag: "--api-port", hostVariable: "WHEREFROM_API_HOST", portVariable: "WHEREFROM_API_PORT" },
    () =>
      openControl({
        listen: { host, port },
        database,
        analytics,
        organization,
        access,
        ...oidcSettings(options),
        ...(ranges && { ranges }),
        ...probing,
        onNotice: printControlNotice,
      }),
  );
}
