import { environmentBodySchema, environmentSchema, operationSchema } from "@wherefrom/model";
import { z } from "zod";
import { changeAndPublish, type Published } from "../change.ts";
import type { Decide, EnvironmentRecord } from "../config-store/port.ts";
import { ApiError } from "../http/api-error.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { etagOf, requireMatch } from "../http/etag.ts";
import type { ControlParts } from "../parts.ts";
import { type GivenEnvironment, newName, readEnvironmentBody, requireName, updatedSettings } from "./environment-body.ts";
import { environmentJson } from "./environment-json.ts";
import { finishOperation } from "./finish-operation.ts";
import { type Paths, readUpdateMask } from "./update-mask.ts";

/** Apigee's own answer is the bare list of names. */
export const listEnvironments: Endpoint = {
  summary: "Names of the environments",
  answers: z.array(z.string()),
  handle: async ({ parts }) => jsonAnswer(await parts.store.names()),
};

export const createEnvironment: Endpoint = {
  summary: "Creates an environment",
  takes: environmentBodySchema,
  answers: operationSchema,
  query: ["name"],
  async handle(call) {
    const given = readEnvironmentBody(await call.body());
    const name = newName(given, call.query.get("name"));
    const published = await changeAndPublish(call.parts, name, (current) => {
      const settings = updatedSettings({ given });
      if (current === undefined) return { kind: "write", content: { settings, routes: [] } };
      throw new ApiError("ENVIRONMENT_EXISTS", `Environment: Expected a new name, received ${name}, which exists`);
    });
    return operationAnswer(call, published, "INSERT");
  },
};

export const getEnvironment: Endpoint = {
  summary: "One environment",
  answers: environmentSchema,
  async handle(call) {
    const record = await requireEnvironment(call.parts, call.param("env"));
    return jsonAnswer(environmentJson(record), etagOf(record.revision));
  },
};

/**
 * PUT, and POST on the environment: answers with the environment and not with an operation. A field that the body leaves out
 * keeps its value: known clients of Apigee read an environment, lose the fields they do not know, and put the rest back.
 */
export const updateEnvironment: Endpoint = {
  summary: "Changes the fields that the body has",
  takes: environmentBodySchema,
  answers: environmentSchema,
  async handle(call) {
    const given = readEnvironmentBody(await call.body());
    const record = recordOf(await update(call, given, undefined));
    return jsonAnswer(environmentJson(record), etagOf(record.revision));
  },
};

/** PATCH: changes the fields of `updateMask`; without one, those that the body has. */
export const modifyEnvironment: Endpoint = {
  summary: "Changes the fields that updateMask names",
  takes: environmentBodySchema,
  answers: operationSchema,
  query: ["updateMask", "update_mask"],
  async handle(call) {
    const given = readEnvironmentBody(await call.body());
    const paths = readUpdateMask(call.query, given.violations);
    return operationAnswer(call, await update(call, given, paths), "UPDATE");
  },
};

export const deleteEnvironment: Endpoint = {
  summary: "Deletes an environment with its routes",
  answers: operationSchema,
  async handle(call) {
    const name = call.param("env");
    const published = await changeAndPublish(call.parts, name, (current) => {
      requireMatch(call.header("if-match"), found(current, name).revision);
      return { kind: "delete" };
    });
    return operationAnswer(call, published, "DELETE");
  },
};

function update(call: Call, given: GivenEnvironment, paths: Paths | undefined): Promise<Published> {
  const name = call.param("env");
  requireName(given, name);
  return changeAndPublish(call.parts, name, (current) => {
    const { settings, routes, revision } = found(current, name);
    requireMatch(call.header("if-match"), revision);
    return { kind: "write", content: { settings: updatedSettings({ given, paths, standing: settings }), routes } };
  });
}

async function operationAnswer(call: Call, published: Published, type: "INSERT" | "UPDATE" | "DELETE"): Promise<Response> {
  const operation = await finishOperation(call.parts, published, type);
  return jsonAnswer(operation, etagOf(published.revision));
}

function recordOf({ after }: Published): EnvironmentRecord {
  if (after === undefined) throw new Error("Expected an environment after its update, found none");
  return after;
}

/** The environment, or 404. */
export async function requireEnvironment({ store }: ControlParts, name: string): Promise<EnvironmentRecord> {
  return found(await store.read(name), name);
}

/** What `decide` was given, or 404. */
export function found(current: Parameters<Decide>[0], name: string): EnvironmentRecord {
  if (current !== undefined) return current;
  throw new ApiError("ENVIRONMENT_NOT_FOUND", `Environment: Expected one that exists, received ${JSON.stringify(name)}`);
}
