import { newName, readEnvironmentBody, updatedSettings } from "./api/environment-body.ts";
import { readRoutes } from "./api/route-body.ts";
import { changeAndPublish } from "./change.ts";
import type { Stamp } from "./config-store/port.ts";
import { ControlError } from "./errors.ts";
import { ApiError } from "./http/api-error.ts";
import type { ControlParts } from "./parts.ts";

/** An environment to begin with. Its parts are judged exactly as the API judges them. */
export type EnvironmentSeed = {
  readonly organization: string;
  readonly name: string;
  readonly clientIpResolutionConfig?: Readonly<Record<string, unknown>>;
  readonly routes?: readonly unknown[];
};

/** Creates the organization unless it exists. */
export async function seedOrganization(parts: ControlParts, name: string): Promise<void> {
  const by = stampOfStart(parts, "organizations.create");
  await parts.store.changeOrganization(name, { by, decide: (current) => ({ kind: "write", content: current ?? { settings: {} } }) });
}

/**
 * Creates the environment with its routes in one step, unless one of that name exists.
 *
 * Errors: `ControlError` CONTROL_ENVIRONMENT_INVALID with every fault.
 */
export async function seedEnvironment(parts: ControlParts, seed: EnvironmentSeed): Promise<void> {
  try {
    const { organization, routes = [], ...body } = seed;
    const given = readEnvironmentBody(body);
    const environment = newName(given, null);
    const read = readRoutes(routes);
    given.violations.push(...read.violations);
    const content = { settings: updatedSettings({ given, providers: parts.ranges.current() }), routes: read.routes };
    const by = stampOfStart(parts, "organizations.environments.create");
    await changeAndPublish(parts, { organization, environment, by, decide: (current) => ({ kind: "write", content: current ?? content }) });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new ControlError("CONTROL_ENVIRONMENT_INVALID", `Environment ${JSON.stringify(seed.name)}: ${error.message}`, { cause: error });
  }
}

function stampOfStart({ now }: ControlParts, method: string): Stamp {
  return { at: now(), author: "wherefrom", isAuthorVerified: true, method, reason: "Made at the start" };
}
