import { getDeployedConfig } from "./api/deployed-config.ts";
import {
  createEnvironment,
  deleteEnvironment,
  getEnvironment,
  listEnvironments,
  modifyEnvironment,
  updateEnvironment,
} from "./api/environments.ts";
import { explainRequest } from "./api/explain.ts";
import { listGateways, reportGateway } from "./api/gateways.ts";
import { getIndex } from "./api/index-page.ts";
import { lintPolicy } from "./api/lint.ts";
import { getOperation, listOperations } from "./api/operations.ts";
import { createRoute, deleteRoute, getRoute, listRoutes, replaceRoute } from "./api/routes.ts";
import { getSnapshot } from "./api/snapshot.ts";
import { openSqliteStore } from "./config-store/sqlite.ts";
import { ControlError } from "./errors.ts";
import { createApp } from "./http/app.ts";
import type { RouteLine } from "./http/endpoint.ts";
import { type ListenAddress, type Listener, listen, requireLoopbackListen } from "./http/listener.ts";
import { type ControlLimits, DEFAULT_CONTROL_LIMITS } from "./limits.ts";
import type { ControlNotice } from "./notice.ts";
import type { ControlParts } from "./parts.ts";
import { createPublisher } from "./publish.ts";
import { type EnvironmentSeed, seedEnvironment } from "./seed.ts";

export type ControlOptions = {
  /** A loopback host. Port 0 lets the system choose. */
  readonly listen: ListenAddress;
  /** `sqlite:PATH`. The file and its folder are made when they are missing. */
  readonly database: string;
  readonly organization: string;
  readonly limits?: Partial<ControlLimits>;
  readonly onNotice?: (notice: ControlNotice) => void;
};

/** A control plane that listens. */
export type Control = {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Creates the environment with its routes unless one of that name exists; then nothing changes. */
  seedEnvironment(environment: EnvironmentSeed): Promise<void>;
  /** Ends event streams and long-polls, lets other requests end, and closes the database. A second call waits for the first. */
  close(): Promise<void>;
};

const ORGANIZATION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

const ORG = "/v1/organizations/{org}";
const ENV = `${ORG}/environments/{env}`;

/** Everything that the API can do. */
const ROUTES: readonly RouteLine[] = [
  ["GET", "/", getIndex],
  ["GET", `${ORG}/environments`, listEnvironments],
  ["POST", `${ORG}/environments`, createEnvironment],
  ["POST", `${ENV}:explain`, explainRequest],
  ["POST", `${ENV}:lint`, lintPolicy],
  ["GET", ENV, getEnvironment],
  ["PUT", ENV, updateEnvironment],
  ["POST", ENV, updateEnvironment],
  ["PATCH", ENV, modifyEnvironment],
  ["DELETE", ENV, deleteEnvironment],
  ["GET", `${ENV}/routes`, listRoutes],
  ["POST", `${ENV}/routes`, createRoute],
  ["GET", `${ENV}/routes/{route}`, getRoute],
  ["PUT", `${ENV}/routes/{route}`, replaceRoute],
  ["DELETE", `${ENV}/routes/{route}`, deleteRoute],
  ["GET", `${ENV}/deployedConfig`, getDeployedConfig],
  ["GET", `${ENV}/snapshot`, getSnapshot],
  ["GET", `${ENV}/gateways`, listGateways],
  ["PUT", `${ENV}/gateways/{gateway}`, reportGateway],
  ["GET", `${ORG}/operations`, listOperations],
  ["GET", `${ORG}/operations/{operation}`, getOperation],
];

/**
 * Opens a control plane: the database, then the API. Resolves when it listens.
 *
 * Errors: `ControlError`, with one line that says the way out. Whatever had been opened is closed again.
 */
export async function openControl(options: ControlOptions): Promise<Control> {
  const { organization, onNotice = () => undefined } = options;
  requireLoopbackListen(options.listen.host);
  requireOrganizationName(organization);
  const limits = { ...DEFAULT_CONTROL_LIMITS, ...options.limits };
  const store = await openSqliteStore(options.database, { organization, limits });
  const publisher = createPublisher(limits);
  const parts: ControlParts = { organization, store, publisher, limits, onNotice, now: () => Date.now() };
  try {
    return controlOf(await listen(createApp(ROUTES, parts), options.listen), parts);
  } catch (error) {
    await store.close();
    throw error;
  }
}

function controlOf(listener: Listener, parts: ControlParts): Control {
  const close = async (): Promise<void> => {
    parts.publisher.close();
    await listener.close(parts.limits.closeGraceMs);
    await parts.store.close();
  };
  let closing: Promise<void> | undefined;
  return {
    url: listener.url,
    host: listener.host,
    port: listener.port,
    seedEnvironment: (environment) => seedEnvironment(parts, environment),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function requireOrganizationName(organization: string): void {
  if (ORGANIZATION.test(organization)) return;
  const expected = "1 to 128 letters, digits, dots, underscores or hyphens, the first a letter or digit";
  throw new ControlError("CONTROL_ORGANIZATION_INVALID", `Organization: Expected ${expected}, received ${JSON.stringify(organization)}`);
}
