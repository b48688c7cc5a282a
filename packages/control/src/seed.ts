import { newName, readEnvironmentBody, updatedSettings } from "./api/environment-body.ts";
import { readRoutes } from "./api/routes.ts";
import { changeAndPublish } from "./change.ts";
import { ControlError } from "./errors.ts";
import { ApiError } from "./http/api-error.ts";
import type { ControlParts } from "./parts.ts";

/** An environment to begin with. Its parts are judged exactly as the API judges them. */
export type EnvironmentSeed = {
  readonly name: string;
  readonly clientIpResolutionConfig?: Readonly<Record<string, unknown>>;
  readonly routes?: readonly unknown[];
};

/**
 * Creates the environment with its routes in one step, unless one of that name exists.
 *
 * Errors: `ControlError` CONTROL_ENVIRONMENT_INVALID with every fault.
 */
export async function seedEnvironment(parts: ControlParts, seed: EnvironmentSeed): Promise<void> {
  try {
    const { routes = [], ...body } = seed;
    const given = readEnvironmentBody(body);
    const name = newName(given, null);
    const content = { settings: updatedSettings({ given }), routes: readRoutes(routes) };
    await changeAndPublish(parts, name, (current) => ({ kind: "write", content: current ?? content }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new ControlError("CONTROL_ENVIRONMENT_INVALID", `Environment ${JSON.stringify(seed.name)}: ${error.message}`, { cause: error });
  }
}
