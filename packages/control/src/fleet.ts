import type { GatewayReport } from "@wherefrom/model";
import { environmentName } from "./api/environment-json.ts";
import type { ConfigStore, EnvironmentKey, GatewayRecord } from "./config-store/port.ts";
import type { ControlLimits } from "./limits.ts";
import type { ControlNotice } from "./notice.ts";
import type { Publisher } from "./publish.ts";

/** A gateway as control knows it, connected to this control or heard of by any. */
export type FleetGateway = {
  readonly name: string;
  /** Whether it has an event stream open to this control. */
  readonly isConnected: boolean;
  /** Not heard of for `gatewayStaleMs`. */
  readonly isStale: boolean;
  /** When it was heard last, in milliseconds since 1970; absent before its first report. */
  readonly heardAt?: number | undefined;
  readonly report?: GatewayReport | undefined;
};

/** What gateways say of themselves: at once in this process, and in the store a moment later, where other controls and the next start find it. */
export type Fleet = {
  heard(record: GatewayRecord): void;
  /** Sorted by name. Without those that were not heard of for `gatewayForgetMs`, and at most `maxGateways`: connected ones and the latest first. */
  of(organization: string, environment: string): Promise<readonly FleetGateway[]>;
  /** As `of`, when what is stored of them is known. */
  among(stored: readonly GatewayRecord[], key: EnvironmentKey): readonly FleetGateway[];
  /** Resolves when everything is stored. */
  close(): Promise<void>;
};

/** How long a report waits until it is stored with others. */
const SAVE_DELAY_MS = 1_000;
/** Reports that wait. Past it the oldest is not stored: the next one of its gateway is. */
const MAX_UNSAVED = 10_000;

type FleetParts = {
  readonly store: ConfigStore;
  readonly publisher: Publisher;
  readonly limits: ControlLimits;
  readonly now: () => number;
  readonly onNotice: (notice: ControlNotice) => void;
};

export function createFleet({ store, publisher, limits, now, onNotice }: FleetParts): Fleet {
  const unsaved = new Map<string, GatewayRecord>();
  let timer: NodeJS.Timeout | undefined;
  let saving = Promise.resolve();
  const save = (): Promise<void> => {
    timer = undefined;
    const records = [...unsaved.values()];
    saving = saving
      .then(() => store.saveGateways(records, { forgetBefore: now() - limits.gatewayForgetMs }))
      .then(
        () => {
          for (const record of records) if (unsaved.get(keyOf(record)) === record) unsaved.delete(keyOf(record));
        },
        (error: unknown) => onNotice({ kind: "gateways-not-stored", error }),
      );
    return saving;
  };
  const among: Fleet["among"] = (stored, { organization, environment }) => {
    const waiting = [...unsaved.values()].filter((record) => record.organization === organization && record.environment === environment);
    const known = new Map<string, Partial<GatewayRecord>>();
    for (const record of [...stored, ...waiting]) {
      if (record.heardAt >= (known.get(record.name)?.heardAt ?? now() - limits.gatewayForgetMs)) known.set(record.name, record);
    }
    const connected = new Set(publisher.connected(environmentName(organization, environment)));
    for (const name of connected) if (!known.has(name)) known.set(name, {});
    const gateways = [...known].map(([name, { heardAt, report }]) => {
      const isStale = heardAt !== undefined && heardAt < now() - limits.gatewayStaleMs;
      return { name, isConnected: connected.has(name), isStale, heardAt, report };
    });
    return gateways.sort(latestFirst).slice(0, limits.maxGateways).sort(byName);
  };
  return {
    among,
    heard(record) {
      unsaved.delete(keyOf(record));
      unsaved.set(keyOf(record), record);
      const [oldest] = unsaved.keys();
      if (unsaved.size > MAX_UNSAVED && oldest !== undefined) unsaved.delete(oldest);
      timer ??= setTimeout(save, SAVE_DELAY_MS);
    },
    of: async (organization, environment) => among(await store.of(organization).gateways(environment), { organization, environment }),
    async close() {
      clearTimeout(timer);
      await (unsaved.size > 0 ? save() : saving);
    },
  };
}

function keyOf({ organization, environment, name }: GatewayRecord): string {
  return `${environmentName(organization, environment)}/gateways/${name}`;
}

function latestFirst(left: FleetGateway, right: FleetGateway): number {
  return Number(right.isConnected) - Number(left.isConnected) || (right.heardAt ?? 0) - (left.heardAt ?? 0);
}

function byName(left: FleetGateway, right: FleetGateway): number {
  return left.name < right.name ? -1 : 1;
}
