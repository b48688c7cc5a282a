import { isDeepStrictEqual } from "node:util";
import type { EnvironmentContent, EnvironmentRecord, OrganizationStore } from "./config-store/port.ts";

/** Revisions that are looked at, the newest first, and how many of them at a time. Those before them count as others. */
const MAX_REVISIONS = 100;
const PAGE = 10;

/**
 * The newest revision, and those before it that resolve as it does, by the same policy and the same ranges, as far as anything ran by them since a time in
 * milliseconds since 1970. A ban, a route or a debug session makes a revision too, and changes no address.
 */
export async function revisionsAlike(
  store: OrganizationStore,
  { record, since }: { readonly record: EnvironmentRecord; readonly since: number },
): Promise<readonly number[]> {
  const revisions = [record.revision];
  let [oldest, oldestAt] = [record.revision, record.modifiedAt];
  // what was there before the one that stood at that time ran by nobody since
  while (oldestAt > since && record.revision - oldest < MAX_REVISIONS) {
    const page = await store.history(record.name, { limit: PAGE, before: oldest });
    revisions.push(
      ...page.filter(({ change, content }) => change !== "deleted" && resolvesAlike(content, record)).map(({ revision }) => revision),
    );
    const last = page.at(-1);
    if (last === undefined) break;
    [oldest, oldestAt] = [last.revision, last.at];
  }
  return revisions;
}

function resolvesAlike(one: EnvironmentContent, other: EnvironmentContent): boolean {
  const policyOf = ({ settings }: EnvironmentContent): object => settings.clientIpResolutionConfig ?? {};
  return isDeepStrictEqual(policyOf(one), policyOf(other)) && isDeepStrictEqual(one.ranges, other.ranges);
}
