import { environmentName } from "./api/environment-json.ts";
import type { EnvironmentKey } from "./config-store/port.ts";
import { deliveryOf } from "./delivery.ts";
import type { ControlParts } from "./parts.ts";

/** Offers to the gateways that follow this control what other controls write into the same store. The answer ends it. */
export function followStore(parts: ControlParts): () => void {
  return parts.store.watch((changed) => offer(parts, changed));
}

/** What stands by now. What this control wrote itself has been offered already, and the publisher passes over it. */
async function offer(parts: ControlParts, { organization, environment }: EnvironmentKey): Promise<void> {
  const store = parts.store.of(organization);
  const name = environmentName(organization, environment);
  const record = await store.read(environment);
  if (record !== undefined) {
    parts.publisher.publish(name, { kind: "delivery", delivery: await deliveryOf(parts, organization, record) });
    return;
  }
  const [last] = await store.history(environment, { limit: 1 });
  if (last?.change === "deleted") parts.publisher.publish(name, { kind: "gone", revision: last.revision });
}
