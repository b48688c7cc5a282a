import { z } from "zod";
import type { EnvironmentRecord } from "../config-store/port.ts";
import { ApiError } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { requireEnvironment } from "./environments.ts";

const apiSchema = z
  .object({
    name: z.string().meta({ readOnly: true, description: "Name of the routes that make it up" }),
    revision: z.array(z.string()).optional().meta({ readOnly: true, description: "The revisions of the environments that have it" }),
    latestRevisionId: z.string().meta({ readOnly: true, description: "The highest of them" }),
  })
  .meta({ id: "ApiProxy" });
const apisSchema = z.object({ proxies: z.array(apiSchema) }).meta({ id: "ListApiProxiesResponse" });

const deploymentSchema = z
  .object({
    environment: z.string(),
    apiProxy: z.string(),
    revision: z.string().describe("The revision of the environment"),
    deployStartTime: z.string().meta({ format: "int64", description: "When that revision was made, in milliseconds since 1970" }),
  })
  .meta({ id: "Deployment" });
const deploymentsSchema = z.object({ deployments: z.array(deploymentSchema) }).meta({ id: "ListDeploymentsResponse" });

type Deployment = z.output<typeof deploymentSchema>;

/**
 * Apigee's API proxies, as far as there are any here: the routes of one name in all environments are one, and an environment that has
 * such a route has it deployed. They are made, changed and deleted as routes.
 */
export const listApis: Endpoint = {
  summary: "Names of the API proxies: of the routes of all environments",
  answers: apisSchema,
  query: {
    includeRevisions: { type: "boolean", description: "Whether to tell the revisions" },
    includeMetaData: { type: "boolean", description: "Without effect: there are no metadata" },
    space: { type: "string", description: "Without effect: there are no spaces" },
  },
  async handle({ store, query }) {
    const deployments = deploymentsIn((await store.readAll()).environments);
    const names = [...new Set(deployments.map(({ apiProxy }) => apiProxy))].sort();
    const proxies = names.map((name) => {
      const { revision, ...proxy } = apiOf(name, deployments);
      return query.get("includeRevisions") === "true" ? { ...proxy, revision } : proxy;
    });
    return jsonAnswer({ proxies });
  },
};

export const getApi: Endpoint = {
  summary: "One API proxy: the routes of its name",
  answers: apiSchema,
  async handle({ store, param }) {
    const name = param("api");
    return jsonAnswer(apiOf(name, requireDeployments(deploymentsIn((await store.readAll()).environments), name)));
  },
};

export const listDeploymentsOfApi: Endpoint = {
  summary: "The environments that have a route of this name",
  answers: deploymentsSchema,
  async handle({ store, param }) {
    return jsonAnswer({ deployments: requireDeployments(deploymentsIn((await store.readAll()).environments), param("api")) });
  },
};

export const listDeployments: Endpoint = {
  summary: "The routes of an environment, as deployments",
  answers: deploymentsSchema,
  query: { sharedFlows: { type: "boolean", description: "true: nothing, because there are no shared flows" } },
  async handle({ store, param, query }) {
    const environment = await requireEnvironment(store, param("env"));
    return jsonAnswer({ deployments: query.get("sharedFlows") === "true" ? [] : deploymentsOf(environment) });
  },
};

function deploymentsIn(environments: ReadonlyMap<string, EnvironmentRecord>): readonly Deployment[] {
  return [...environments.values()].flatMap(deploymentsOf);
}

function deploymentsOf({ name, revision, modifiedAt, routes }: EnvironmentRecord): readonly Deployment[] {
  return routes.map((route) => ({
    environment: name,
    apiProxy: route.name,
    revision: String(revision),
    deployStartTime: String(modifiedAt),
  }));
}

function requireDeployments(deployments: readonly Deployment[], name: string): readonly Deployment[] {
  const ours = deployments.filter(({ apiProxy }) => apiProxy === name);
  if (ours.length > 0) return ours;
  throw new ApiError("ROUTE_NOT_FOUND", `API proxy: Expected the name of a route in any environment, received ${JSON.stringify(name)}`);
}

function apiOf(name: string, deployments: readonly Deployment[]) {
  const ours = deployments.filter(({ apiProxy }) => apiProxy === name).map(({ revision }) => Number(revision));
  const revisions = [...new Set(ours)].sort((left, right) => left - right);
  return { name, revision: revisions.map(String), latestRevisionId: String(revisions.at(-1)) };
}
