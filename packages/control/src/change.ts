import { snapshotOf } from "./api/environment-json.ts";
import type { Changed, Decide } from "./config-store/port.ts";
import type { ControlParts } from "./parts.ts";

export type Published = Changed & {
  /** Connected gateways that had not answered for the new revision when the wait was over. */
  readonly lateGateways: readonly string[];
};

/**
 * Changes an environment, offers the result to its gateways and waits until the connected ones have answered, `maxPublishWaitMs`
 * at most. The change is durable before it is offered, and stands whatever the gateways say.
 */
export async function changeAndPublish(parts: ControlParts, name: string, decide: Decide): Promise<Published> {
  const { store, publisher, organization, limits, now, onNotice } = parts;
  const changed = await store.change(name, { at: now(), decide });
  const { revision, after } = changed;
  publisher.publish(name, after ? { kind: "snapshot", snapshot: snapshotOf(organization, after) } : { kind: "gone", revision });
  if (after === undefined) return { ...changed, lateGateways: [] };
  const lateGateways = await publisher.settled(name, { revision, timeoutMs: limits.maxPublishWaitMs });
  if (lateGateways.length > 0) onNotice({ kind: "gateways-late", environment: name, revision, gateways: lateGateways });
  return { ...changed, lateGateways };
}
