import { isDeepStrictEqual } from "node:util";
import { RANGES_METHOD } from "@wherefrom/model";
import type { Providers } from "wherefrom";
import { changeAllAndPublish } from "./change.ts";
import { lookRegularly, type RegularLook } from "./look-regularly.ts";
import type { ControlParts } from "./parts.ts";
import { providersFor, withRanges } from "./ranges.ts";

/**
 * Follows a source of ranges: reads it again every `rangesLookMs`. Each environment whose ranges changed gets a revision with them, and its gateways get
 * its snapshot. A fault is told when it is new, and costs nothing that is in force.
 */
export function followRanges(parts: ControlParts): RegularLook {
  let lastRefused = "";
  let known: Providers | undefined;
  const look = async (): Promise<void> => {
    const refused = await parts.ranges.reload();
    const told = JSON.stringify(refused);
    if (told !== lastRefused) for (const each of refused) parts.onNotice({ kind: "ranges-refused", ...each });
    lastRefused = told;
    const current = parts.ranges.current();
    if (known === current) return;
    for (const { name } of await parts.store.organizations()) await refreshOrganization(parts, name);
    known = current;
  };
  const onFault = (error: unknown): void => parts.onNotice({ kind: "ranges-failed", error });
  return lookRegularly({ look, onFault, everyMs: parts.limits.rangesLookMs });
}

async function refreshOrganization(parts: ControlParts, organization: string): Promise<void> {
  const by = {
    at: parts.now(),
    author: "wherefrom",
    isAuthorVerified: true,
    method: RANGES_METHOD,
    reason: "The ranges behind a provider's name changed",
  };
  await changeAllAndPublish(parts, {
    organization,
    by,
    decide({ environments }) {
      const outdated = [...environments].filter(([, standing]) => {
        // What is tried stays as it is. Whatever ends it brings the ranges along.
        if (standing.stage !== undefined) return false;
        const { ranges } = withRanges(standing, providersFor(parts.ranges, standing));
        return !isDeepStrictEqual(ranges, standing.ranges);
      });
      return { environments: new Map(outdated.map(([name, standing]) => [name, { kind: "write", content: standing }])) };
    },
  });
}
