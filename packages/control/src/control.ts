import { organizationNameSchema } from "@wherefrom/model";
import { createResolver, parsePolicy } from "wherefrom";
import { createClientOf } from "wherefrom/node";
import { ALL_PROVIDERS } from "wherefrom/providers";
import { watchAbuse } from "./abuse/watch-abuse.ts";
import { openAdmission } from "./access/admission.ts";
import { parseOidcSettings } from "./access/oidc-settings.ts";
import type { KeyFor } from "./access/process-keys.ts";
import { openStore } from "./config-store/open-store.ts";
import { ControlError } from "./errors.ts";
import { openEventStore } from "./event-store/open-event-store.ts";
import { createFleet } from "./fleet.ts";
import { followRanges } from "./follow-ranges.ts";
import { followStore } from "./follow-store.ts";
import { freshEvents } from "./fresh-events.ts";
import { createApp } from "./http/app.ts";
import { type ListenAddress, type Listener, listen } from "./http/listener.ts";
import { type ReachOptions, readReach } from "./http/reach.ts";
import { type ControlLimits, DEFAULT_CONTROL_LIMITS } from "./limits.ts";
import type { RegularLook } from "./look-regularly.ts";
import { loopTurns } from "./loop-turns.ts";
import { createControlMetrics } from "./metrics.ts";
import type { ControlNotice } from "./notice.ts";
import type { ControlParts } from "./parts.ts";
import type { Prober } from "./probing.ts";
import { createPublisher } from "./publish.ts";
import { BUILT_IN_RANGES, type ControlRanges } from "./ranges.ts";
import { retainEvents } from "./retain-events.ts";
import { ALL_LINES } from "./route-table.ts";
import { runQueries } from "./run-queries.ts";
import { type EnvironmentSeed, seedEnvironment, seedOrganization } from "./seed.ts";
import { keyPlaceBeside, openSnapshotKey, type SnapshotKeyPlace } from "./snapshot-key.ts";
import { resumeStages, watchStages } from "./stage-watch.ts";
import { sweepSessions } from "./sweep-sessions.ts";
import { watchFit } from "./watch-fit.ts";

export type ControlOptions = ReachOptions & {
  /** A loopback host, unless it is reached by TLS. Port 0 lets the system choose. */
  readonly listen: ListenAddress;
  /** `sqlite:PATH`, whose file and folder are made when they are missing; or `postgres://…`, which may serve several controls. */
  readonly database: string;
  /** Where events of gateways are kept: `duckdb:PATH`, or `clickhouse://USER@HOST:8123/DATABASE`. None are taken unless given. */
  readonly analytics?: string;
  /** Made at the start unless it exists. Others can be made over the API. */
  readonly organization: string;
  /** Where the key is that snapshots are signed with. Beside an SQLite file unless given; `snapshot-key.pem`, made when it is missing. */
  readonly snapshotKey?: SnapshotKeyPlace;
  /** `tokens`, unless the API is to ask nobody who they are. */
  readonly access?: "tokens" | "off";
  /** Settings of an identity provider whose tokens are taken beside control's own, as JSON. */
  readonly oidc?: unknown;
  /** How the address of a client is told that asks the API; the peer's, unless something stands before it. Its failures to authenticate are counted by it. */
  readonly clientIpResolutionConfig?: Readonly<Record<string, unknown>>;
  readonly limits?: Partial<ControlLimits>;
  /** What `provider:NAME` means; it is looked at again every `rangesLookMs`. Default: what is built in. */
  readonly ranges?: ControlRanges;
  /** Sends probes for those who may ask for them. Without one, control sends none. */
  readonly prober?: Prober;
  readonly onNotice?: (notice: ControlNotice) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
};

/** A control plane that listens. */
export type Control = {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** What gateways tell snapshots of this control by: `ed25519:…` */
  readonly snapshotKey: string;
  /** The admin token that was made at this start, if it is the first one with access control. It cannot be read again. */
  readonly firstToken: string | undefined;
  /** Makes a key for another part of this process. It is kept in memory only, and ends with this control. */
  issueKey(key: KeyFor): string;
  /** Creates the environment with its routes unless one of that name exists; then nothing changes. Its organization must exist. */
  seedEnvironment(environment: EnvironmentSeed): Promise<void>;
  /** Ends event streams and long-polls, lets other requests end, and closes the database. A second call waits for the first. */
  close(): Promise<void>;
};

/**
 * Opens a control plane: the database, then the API. Resolves when it listens.
 *
 * Errors: `ControlError`, with one line that says the way out. Whatever had been opened is closed again.
 */
export async function openControl(options: ControlOptions): Promise<Control> {
  const { organization, access = "tokens", now = Date.now } = options;
  const metrics = createControlMetrics();
  const onNotice = (notice: ControlNotice): void => {
    metrics.countNotice(notice.kind);
    options.onNotice?.(notice);
  };
  const reach = readReach({ ...options, host: options.listen.host, access });
  requireOrganizationName(organization);
  const clientOf = createClientOf(
    createResolver(parsePolicy(options.clientIpResolutionConfig ?? reach.clientIpResolutionConfig, { providers: ALL_PROVIDERS })),
  );
  const oidc = options.oidc === undefined ? undefined : parseOidcSettings(options.oidc);
  const limits = { ...DEFAULT_CONTROL_LIMITS, ...options.limits };
  const publisher = createPublisher(limits);
  const { ranges = BUILT_IN_RANGES, prober } = options;
  const { store, snapshotKey, eventStore } = await openKept({ ...options, onNotice, now }, limits);
  const admission = openAdmission({ access, oidc, scheme: reach.scheme, store, limits, onNotice, now });
  const { identify } = admission;
  const fleet = createFleet({ store, publisher, limits, now, onNotice });
  const debugTails = { wakers: new Set<() => void>(), open: 0 };
  const probing = prober && { probe: prober, underWay: 0 };
  const parts: ControlParts = {
    store,
    publisher,
    fleet,
    debugTails,
    eventStore,
    freshEvents: freshEvents(),
    batchTurns: loopTurns(),
    queryRuns: { look: () => queries.look() },
    snapshotKey,
    reach,
    metrics,
    limits,
    ranges,
    probing,
    identify,
    onNotice,
    now,
  };
  followStore(parts);
  const follower = followRanges(parts);
  const watch = watchStages(parts);
  const retention = retainEvents(parts);
  const queries = runQueries(parts);
  const looks = [follower, watch, retention, queries, watchFit(parts), watchAbuse(parts)];
  const endSweep = sweepSessions(parts);
  try {
    await seedOrganization(parts, organization);
    await follower.look();
    await resumeStages(parts);
    await retention.look();
    const listener = await listen(createApp(ALL_LINES, parts), { ...options.listen, ...limits, tls: options.tls, clientOf, onNotice });
    // Not before it listens: a start that fails would have made a token that nobody has seen.
    const firstToken = await admission.makeFirstToken();
    return { ...controlOf(listener, { parts, looks, endSweep }), firstToken, issueKey: admission.issueKey };
  } catch (error) {
    endSweep();
    for (const look of looks) await look.close();
    await eventStore?.close();
    await store.close();
    throw error;
  }
}

/** What outlives the process. The folder of the key is there when the database is. */
async function openKept(
  { database, analytics, snapshotKey, onNotice, now }: ControlOptions & Pick<ControlParts, "onNotice" | "now">,
  limits: ControlLimits,
): Promise<Pick<ControlParts, "store" | "snapshotKey" | "eventStore">> {
  const store = await openStore(database, {
    limits,
    onAvailability: (availability) => onNotice({ kind: "store-availability", ...availability }),
  });
  try {
    const key = openSnapshotKey(snapshotKey ?? keyPlaceBeside(database));
    return { store, snapshotKey: key, eventStore: analytics === undefined ? undefined : await openEventStore(analytics, { limits, now }) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

type Working = {
  readonly parts: ControlParts;
  readonly looks: readonly RegularLook[];
  readonly endSweep: () => void;
};

function controlOf(listener: Listener, working: Working): Omit<Control, "firstToken" | "issueKey"> {
  const { parts, looks, endSweep } = working;
  const close = async (): Promise<void> => {
    parts.publisher.close();
    endSweep();
    for (const look of looks) await look.close();
    await listener.close(parts.limits.closeGraceMs);
    await parts.fleet.close();
    await parts.eventStore?.close();
    await parts.store.close();
  };
  let closing: Promise<void> | undefined;
  return {
    url: listener.url,
    host: listener.host,
    port: listener.port,
    snapshotKey: parts.snapshotKey.publicKey,
    seedEnvironment: (environment) => seedEnvironment(parts, environment),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function requireOrganizationName(organization: string): void {
  const [issue] = organizationNameSchema.safeParse(organization).error?.issues ?? [];
  if (issue === undefined) return;
  throw new ControlError("CONTROL_ORGANIZATION_INVALID", `Organization: ${issue.message}, received ${JSON.stringify(organization)}`);
}
