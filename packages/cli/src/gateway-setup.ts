import { hostname as machineName } from "node:os";
import {
  controlSource,
  fileSource,
  type GatewayFile,
  type KeptSource,
  keptSource,
  readGatewayFile,
  type SnapshotKeys,
} from "@wherefrom/gateway";
import type { AdminFlags } from "./admin-flags.ts";
import { adminOptions } from "./admin-listener.ts";
import { CliError } from "./errors.ts";
import type { HeldSignals } from "./held-signals.ts";
import { type ListenerFlags, listenerOf } from "./listener-flags.ts";
import type { Names } from "./names.ts";
import { openFolder } from "./ranges-folder.ts";
import { readTokenFile } from "./token-file.ts";
import type { WorkersFlag } from "./workers-flag.ts";

const MAX_ID_CHARS = 63;
const DEFAULT_SNAPSHOT_CACHE = "./data/snapshots";
const FIRST_USE = "first-use";
const TOKEN_FILE_FLAG = "--control-token-file";
/** Two, for the time in which control changes its key. */
const MAX_SNAPSHOT_KEYS = 2;

/** What the command was told of a gateway. */
export type GatewayNodeOptions = Names &
  AdminFlags &
  WorkersFlag & {
    /** Where to listen: what the flags say, or the gateway file that they name. */
    readonly place: ListenerFlags | { readonly config: string };
    readonly source:
      | { readonly kind: "control"; readonly url: string; readonly tokenFile?: string | undefined }
      | { readonly kind: "snapshot"; readonly file: string; readonly ranges?: string | undefined };
    /** By what name the gateway reports itself; the machine and the port when absent. */
    readonly id?: string | undefined;
    /** Where the access log goes, before what the gateway file says; `-` is standard output. */
    readonly accessLog?: string | undefined;
    /** Folder in which events are spooled, before what the gateway file says. */
    readonly events?: string | undefined;
    /** Folder in which the last good snapshot is kept, before what the gateway file says. */
    readonly snapshotCache?: string | undefined;
    /** Whose snapshots are taken, before what the gateway file says: keys, or the one word `first-use`. */
    readonly snapshotKey?: readonly string[] | undefined;
    /** MMDB files, before what the gateway file says. */
    readonly geoDatabase?: readonly string[] | undefined;
    readonly isQuiet: boolean;
    readonly signals: HeldSignals;
  };

/** A gateway as flags and file together want it. */
export type GatewaySetup = GatewayFile & { readonly id: string };

/** Reads the gateway file, if there is one, and lets the flags go before it. Errors: `GatewayError` for the file, `CliError` for flags. */
export async function readSetup(options: GatewayNodeOptions): Promise<GatewaySetup> {
  const { place, accessLog, events, snapshotCache, snapshotKey, geoDatabase } = options;
  const file: GatewayFile = "config" in place ? await readGatewayFile(place.config) : { listeners: [listenerOf(place)] };
  const admin = adminOptions(options, file.admin);
  return {
    ...file,
    id: options.id ?? ownName(place),
    ...(admin !== undefined && { admin }),
    ...(accessLog !== undefined && { accessLog: { ...file.accessLog, file: accessLog } }),
    ...(events !== undefined && { events: { ...file.events, folder: events } }),
    ...(geoDatabase !== undefined && { geoDatabases: [...geoDatabase] }),
    ...(snapshotCache !== undefined && { snapshotCache }),
    ...(snapshotKey !== undefined && { snapshotKeys: snapshotKeysOf(snapshotKey) }),
  };
}

/** The source that the command was told, with a memory behind it. Errors: `CliError` RANGES_FOLDER_UNUSABLE, and for flags that do not go together. */
export async function openSource(
  options: GatewayNodeOptions,
  { id, snapshotCache, snapshotKeys: keys }: GatewaySetup,
): Promise<KeptSource> {
  const { source, organization, environment } = options;
  const isFile = source.kind === "snapshot";
  const folder = snapshotCache ?? (!isFile && isFoundAgain(options) ? DEFAULT_SNAPSHOT_CACHE : undefined);
  if (keys === FIRST_USE && folder === undefined) {
    throw new CliError("USAGE_OPTION_MISSING", "Give --snapshot-cache FOLDER with --snapshot-key first-use, or the key would be forgotten");
  }
  const place = folder === undefined ? undefined : { folder, name: id };
  if (isFile) {
    if (keys !== undefined && source.ranges !== undefined) {
      throw new CliError(
        "USAGE_OPTION_CONFLICT",
        "Give either --ranges or --snapshot-key, not both: the ranges are part of what is signed",
      );
    }
    return keptSource(fileSource(source.file, { ranges: await openFolder(source.ranges, new Map()) }), { place, keys });
  }
  const { url, tokenFile } = source;
  if (tokenFile !== undefined) readTokenFile(tokenFile, TOKEN_FILE_FLAG);
  const token = tokenFile === undefined ? undefined : () => readTokenFile(tokenFile, TOKEN_FILE_FLAG);
  const control = controlSource({ url, organization, environment, gatewayId: id, token });
  return keptSource(control, { place, keys, organization, environment });
}

/** Errors: `CliError` USAGE_OPTION_CONFLICT. */
function snapshotKeysOf(given: readonly string[]): SnapshotKeys {
  if (given.length === 1 && given[0] === FIRST_USE) return FIRST_USE;
  if (given.length <= MAX_SNAPSHOT_KEYS && !given.includes(FIRST_USE)) return [...given];
  throw new CliError("USAGE_OPTION_CONFLICT", `Give --snapshot-key (WHEREFROM_SNAPSHOT_KEY) as one key, as two, or as ${FIRST_USE}`);
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

/** Whether the gateway has the same name at its next start. One at any free port has not, and what it kept would never be read. */
function isFoundAgain({ id, place }: GatewayNodeOptions): boolean {
  return id !== undefined || "config" in place || place.unix !== undefined || place.port !== 0;
}
