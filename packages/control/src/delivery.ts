import type { Snapshot } from "@wherefrom/model";
import { snapshotOf } from "./api/environment-json.ts";
import type { ConfigStore, EnvironmentRecord } from "./config-store/port.ts";
import type { SnapshotKey } from "./snapshot-key.ts";
import { requireOthers } from "./standing-stage.ts";

/** A snapshot as it is sent: signed, and written once however many gateways take it. */
export type SentSnapshot = { readonly snapshot: Snapshot; readonly text: string };

/** Which snapshot which gateway is to run. */
export type Delivery = {
  /** The environment's newest revision. Gateways that do not try it run the one before. */
  readonly revision: number;
  readonly organization: string;
  readonly environment: string;
  /** Whether some gateways try the newest revision, and the others run the one before. */
  readonly isStaged: boolean;
  /** For the gateway of that name; without a name, for one that is not asked to try anything. */
  snapshotFor(gateway: string | undefined): SentSnapshot;
};

type DeliveryParts = { readonly store: ConfigStore; readonly snapshotKey: SnapshotKey };

/** What gateways are to run of an environment as it stands. */
export async function deliveryOf(parts: DeliveryParts, organization: string, record: EnvironmentRecord): Promise<Delivery> {
  const { revision, stage } = record;
  const newest = sent(parts, snapshotOf(organization, record));
  const of = { revision, organization, environment: record.name, isStaged: stage !== undefined };
  if (stage === undefined) return { ...of, snapshotFor: () => newest };
  const before = await parts.store.of(organization).revision(record.name, revision - 1);
  const others = sent(
    parts,
    snapshotOf(organization, { ...requireOthers(record, before?.content), name: record.name, revision: revision - 1 }),
  );
  const first = new Set(stage.firstGateways);
  return { ...of, snapshotFor: (gateway) => (gateway !== undefined && first.has(gateway) ? newest : others) };
}

function sent({ snapshotKey }: DeliveryParts, unsigned: Snapshot): SentSnapshot {
  const snapshot = snapshotKey.sign(unsigned);
  return { snapshot, text: JSON.stringify(snapshot) };
}
