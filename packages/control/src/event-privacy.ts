import { DEFAULT_EVENT_SETTINGS, type EnvironmentSettings } from "@wherefrom/model";
import type { EnvironmentRecord } from "./config-store/port.ts";
import type { AddressPrivacy } from "./event-store/address-keeper.ts";
import type { ControlParts } from "./parts.ts";

/** How the addresses of an environment's events are kept from now on. */
export function privacyOf(parts: Pick<ControlParts, "snapshotKey">, environment: EnvironmentRecord): AddressPrivacy {
  switch (addressesOf(environment.settings)) {
    case "PLAIN":
      return { form: "plain" };
    case "TRUNCATED":
      return { form: "truncated" };
    case "HASHED":
      return { form: "hashed", key: hashKeyOf(parts, environment) };
  }
}

/** What an environment says of how addresses are kept. */
export function addressesOf({ events }: EnvironmentSettings): "PLAIN" | "TRUNCATED" | "HASHED" {
  return events?.addresses ?? DEFAULT_EVENT_SETTINGS.addresses;
}

/** An environment's own, so that hashes of one tell nothing about another; one that is deleted and made again has another. */
export function hashKeyOf({ snapshotKey }: Pick<ControlParts, "snapshotKey">, { uid }: EnvironmentRecord): string {
  return snapshotKey.derive(`addresses of events ${uid}`);
}
