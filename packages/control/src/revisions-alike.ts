import { isDeepStrictEqual } from "node:util";
import type { EnvironmentContent, EnvironmentRecord, OrganizationStore } from "./config-store/port.ts";

/** Revisions that are looked at, the newest first. Those before them count as others. */
const MAX_REVISIONS = 100;

/**
 * The newest revision, and those before it that resolve as it does: by the same policy and the same ranges. A ban, a route or a debug session makes a
 * revision too, and changes no address.
 */
export async function revisionsAlike(store: OrganizationStore, record: EnvironmentRecord): Promise<readonly number[]> {
  const history = await store.history(record.name, { limit: MAX_REVISIONS, before: record.revision });
  const alike = history.filter(({ change, content }) => change !== "deleted" && resolvesAlike(content, record));
  return [record.revision, ...alike.map(({ revision }) => revision)];
}

function resolvesAlike(one: EnvironmentContent, other: EnvironmentContent): boolean {
  const policyOf = ({ settings }: EnvironmentContent): object => settings.clientIpResolutionConfig ?? {};
  return isDeepStrictEqual(policyOf(one), policyOf(other)) && isDeepStrictEqual(one.ranges, other.ranges);
}
