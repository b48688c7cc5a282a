import { changeAndPublish, type Published } from "./change.ts";
import type { EnvironmentContent, EnvironmentRecord, Stamp } from "./config-store/port.ts";
import { ApiError } from "./http/api-error.ts";
import { requireMatch } from "./http/etag.ts";
import type { ControlParts } from "./parts.ts";
import { requireOthers, stageStart } from "./standing-stage.ts";

type Ended = {
  readonly organization: string;
  readonly environment: string;
  /** The revision as which it began to be tried. */
  readonly began: number;
  /** As in the request: which revision has to stand. */
  readonly ifMatch?: string | null;
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
export function abortStage(parts: ControlParts, ended: Ended): Promise<Published> {
  return end(parts, ended, (tried, others) => {
    const { settings, routes } = requireOthers(tried, others);
    return { settings, routes };
  });
}

function end(
  parts: ControlParts,
  { organization, environment, began, ifMatch = null, by }: Ended,
  outcome: (tried: EnvironmentRecord, others: EnvironmentContent | undefined) => EnvironmentContent,
): Promise<Published> {
  return changeAndPublish(parts, {
    organization,
    environment,
    by,
    audience: "all",
    decide(current, { others }) {
      if (current?.stage === undefined || stageStart(current).revision !== began) throw rolloutAbsent(environment);
      requireMatch(ifMatch, current.revision);
      return { kind: "write", content: outcome(current, others) };
    },
  });
}

/** There is nothing to promote or to abort. */
export function rolloutAbsent(environment: string): ApiError {
  const message = `Environment: Expected a rollout under way, received ${JSON.stringify(environment)}, of which all gateways are to run the same`;
  return new ApiError("ROLLOUT_ABSENT", message);
}
