import { DEFAULT_EVENT_SETTINGS } from "@wherefrom/model";
import type { EnvironmentRecord } from "./config-store/port.ts";
import type { AddressPrivacy } from "./event-store/address-keeper.ts";
import type { ControlParts } from "./parts.ts";

/** How the addresses of an environment's events are kept from now on. */
export function privacyOf(parts: Pick<ControlParts, "snapshotKey">, environment: EnvironmentRecord): AddressPrivacy {
  const { addresses = DEFAULT_EVENT_SETTINGS.addresses } = environment.settings.events ?? {};
  switch (addresses) {
    case "PLAIN":
      return { form: "plain" };
    case "TRUNCATED":
      return { form: "truncated" };
    case "HASHED":
      return { form: "hashed", key: hashKeyOf(parts, environment) };
  }
}

/** An environment's own, so that hashes of one tell nothing about another; one that is deleted and made again has another. */
export function hashKeyOf({ snapshotKey }: Pick<ControlParts, "snapshotKey">, { uid }: EnvironmentRecord): string {
  return snapshotKey.derive(`addresses of events ${uid}`);
}
