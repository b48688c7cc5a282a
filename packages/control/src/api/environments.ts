import { environmentSchema, type OperationType, operationSchema } from "@wherefrom/model";
import { z } from "zod";
import { maySee } from "../access/allow.ts";
import { changeAndPublish, type Published } from "../change.ts";
import type { Decide, EnvironmentRecord, OrganizationStore } from "../config-store/port.ts";
import { ApiError } from "../http/api-error.ts";
import { type Answer, type Call, type Endpoint, jsonAnswer, type QueryParameter } from "../http/endpoint.ts";
import { etagOf, requireMatch } from "../http/etag.ts";
import { audienceOf } from "../http/rollout-share.ts";
import type { ControlLimits } from "../limits.ts";
import { providersFor } from "../ranges.ts";
import { type GivenEnvironment, newName, readEnvironmentBody, requireName, updatedSettings } from "./environment-body.ts";
import { environmentJson, environmentName } from "./environment-json.ts";
import { finishOperation } from "./finish-operation.ts";
import { requireMatchOrPreview } from "./preview-tag.ts";
import { type Paths, readUpdateMask } from "./update-mask.ts";

const UPDATE_MASK: QueryParameter = {
  type: "string",
  format: "google-fieldmask",
  description: "Which fields to change, in lowerCamelCase or snake_case: client_ip_resolution_config. Without it: those that the body has",
};

/** Apigee's own answer is the bare list of names. */
export const listEnvironments: Endpoint = {
  summary: "Names of the environments",
  answers: z.array(z.string()).meta({ id: "EnvironmentNames" }),
  async handle({ store, caller, organization }) {
    return jsonAnswer((await store.names()).filter((environment) => maySee(caller.grants, { organization, environment })));
  },
};

export const createEnvironment: Endpoint = {
  summary: "Creates an environment",
  takes: environmentSchema,
  answers: operationSchema,
  query: { name: { type: "string", description: "Name of the environment, when the body has none" } },
  async handle(call) {
    const given = readEnvironmentBody(await call.body());
    const name = newName(given, call.query.get("name"));
    const count = (await call.store.names()).length;
    const published = await change(call, name, (current) => {
      const settings = updatedSettings({ given, providers: call.parts.ranges.current() });
      requireNew(current);
      requireRoom(count, call.parts.limits);
      return { kind: "write", content: { settings, routes: [] } };
    });
    return operationAnswer(call, published, "INSERT");
  },
};

export const getEnvironment: Endpoint = {
  summary: "One environment",
  answers: environmentSchema,
  async handle(call) {
    const record = await requireEnvironment(call.store, call.param("env"));
    return jsonAnswer(environmentJson(record), etagOf(record.revision));
  },
};

/**
 * PUT, and POST on the environment: answers with the environment and not with an operation. A field that the body leaves out
 * keeps its value: known clients of Apigee read an environment, lose the fields they do not know, and put the rest back.
 */
export const updateEnvironment: Endpoint = {
  summary: "Changes the fields that the body has",
  takes: environmentSchema,
  answers: environmentSchema,
  isConditional: true,
  isStaged: true,
  async handle(call) {
    const given = readEnvironmentBody(await call.body());
    const record = recordOf(await update(call, given, undefined));
    return jsonAnswer(environmentJson(record), etagOf(record.revision));
  },
};

/** PATCH: changes the fields of `updateMask`; without one, those that the body has. */
export const modifyEnvironment: Endpoint = {
  summary: "Changes the fields that updateMask names",
  takes: environmentSchema,
  answers: operationSchema,
  query: { updateMask: UPDATE_MASK },
  isConditional: true,
  isStaged: true,
  async handle(call) {
    const given = readEnvironmentBody(await call.body());
    const paths = readUpdateMask(call.query, given.violations);
    return operationAnswer(call, await update(call, given, paths), "UPDATE");
  },
};

export const deleteEnvironment: Endpoint = {
  summary: "Deletes an environment with its routes",
  answers: operationSchema,
  isConditional: true,
  async handle(call) {
    const name = call.param("env");
    const published = await change(call, name, (current) => {
      requireMatch(call.header("if-match"), found(current, name).revision);
      return { kind: "delete" };
    });
    return operationAnswer(call, published, "DELETE");
  },
};

function update(call: Call, given: GivenEnvironment, paths: Paths | undefined): Promise<Published> {
  const name = call.param("env");
  requireName(given, name);
  const decide: Decide = (current) => {
    const record = found(current, name);
    const { settings: standing, routes, revision } = record;
    const settings = updatedSettings({ given, paths, standing, providers: providersFor(call.parts.ranges, record) });
    requireMatchOrPreview(call.header("if-match"), { revision, policy: settings.clientIpResolutionConfig ?? {} });
    return { kind: "write", content: { settings, routes } };
  };
  const audience = audienceOf(call.header);
  return changeAndPublish(call.parts, { organization: call.organization, environment: name, by: call.stamp(), audience, decide });
}

function change(call: Call, environment: string, decide: Decide): Promise<Published> {
  return changeAndPublish(call.parts, { organization: call.organization, environment, by: call.stamp(), decide });
}

function requireNew(current: EnvironmentRecord | undefined): void {
  if (current === undefined) return;
  throw new ApiError("ENVIRONMENT_EXISTS", `Environment: Expected a new name, received ${current.name}, which exists`);
}

/** Two that create the last one at the same time may both succeed: the limit keeps control healthy, it is no quota. */
function requireRoom(count: number, { maxEnvironments }: ControlLimits): void {
  if (count < maxEnvironments) return;
  throw new ApiError("TOO_MANY_ENVIRONMENTS", `Environments: Expected at most ${maxEnvironments} in an organization, received one more`);
}

async function operationAnswer({ parts, organization }: Call, published: Published, operationType: OperationType): Promise<Answer> {
  const { before, after, revision, lateGateways } = published;
  const operation = await finishOperation(parts, {
    organization,
    operationType,
    targetResourceName: environmentName(organization, after?.name ?? before?.name ?? ""),
    made: after && { type: "Environment", body: environmentJson(after) },
    warnings: lateGateways.map((gateway) => `Gateway ${gateway} is connected but has not reported revision ${revision} yet`),
  });
  return jsonAnswer(operation, etagOf(revision));
}

function recordOf({ after }: Published): EnvironmentRecord {
  if (after === undefined) throw new Error("Expected an environment after its update, found none");
  return after;
}

/** The environment, or 404. */
export async function requireEnvironment(store: OrganizationStore, name: string): Promise<EnvironmentRecord> {
  return found(await store.read(name), name);
}

/** What `decide` was given, or 404. */
export function found(current: EnvironmentRecord | undefined, name: string): EnvironmentRecord {
  if (current !== undefined) return current;
  throw new ApiError("ENVIRONMENT_NOT_FOUND", `Environment: Expected one that exists, received ${JSON.stringify(name)}`);
}
