import { changeAndPublish, type Published } from "./change.ts";
import type { EnvironmentContent, Stamp } from "./config-store/port.ts";
import { ApiError } from "./http/api-error.ts";
import type { ControlParts } from "./parts.ts";

type Ended = {
  readonly organization: string;
  readonly environment: string;
  /** The revision that is tried. */
  readonly revision: number;
  readonly by: Stamp;
};

/**
 * Gives what some gateways try to all of them, as a new revision.
 *
 * Errors: `ApiError` ROLLOUT_ABSENT when something else stands by now.
 */
export function promoteStage(parts: ControlParts, ended: Ended): Promise<Published> {
  return end(parts, ended, ({ settings, routes }) => ({ settings, routes }));
}

/**
 * Goes back to what stood before, on all gateways, as a new revision: no gateway takes an older one.
 *
 * Errors: `ApiError` ROLLOUT_ABSENT when something else stands by now.
 */
export async function abortStage(parts: ControlParts, ended: Ended): Promise<Published> {
  const before = await parts.store.of(ended.organization).revision(ended.environment, ended.revision - 1);
  if (before === undefined) throw new Error(`Expected revision ${ended.revision - 1} to be kept while ${ended.revision} is tried`);
  const { settings, routes } = before.content;
  return end(parts, ended, () => ({ settings, routes }));
}

function end(
  parts: ControlParts,
  { organization, environment, revision, by }: Ended,
  outcome: (tried: EnvironmentContent) => EnvironmentContent,
): Promise<Published> {
  return changeAndPublish(parts, {
    organization,
    environment,
    by,
    audience: "all",
    decide(current) {
      if (current?.stage !== undefined && current.revision === revision) return { kind: "write", content: outcome(current) };
      throw rolloutAbsent(environment);
    },
  });
}

/** There is nothing to promote or to abort. */
export function rolloutAbsent(environment: string): ApiError {
  const message = `Environment: Expected a rollout under way, received ${JSON.stringify(environment)}, of which all gateways are to run the same`;
  return new ApiError("ROLLOUT_ABSENT", message);
}
