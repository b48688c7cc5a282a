import { camelNamed, type FieldViolation, ROUTE_FIELDS, type Route, routeSchema } from "@wherefrom/model";
import { z } from "zod";
import { changeAndPublish } from "../change.ts";
import type { Decide, EnvironmentContent, EnvironmentRecord } from "../config-store/port.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import { EMPTY } from "../http/empty.ts";
import { type Answer, type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { etagOf, requireMatch } from "../http/etag.ts";
import type { JsonObject } from "../http/json-body.ts";
import { shownValue, violationsOf } from "../http/violations.ts";
import { found, requireEnvironment } from "./environments.ts";

export const listRoutes: Endpoint = {
  summary: "Routes of an environment, in the order of their creation",
  answers: z.object({ routes: z.array(routeSchema) }).meta({ id: "ListRoutesResponse" }),
  async handle(call) {
    const { routes, revision } = await requireEnvironment(call.store, call.param("env"));
    return jsonAnswer({ routes }, etagOf(revision));
  },
};

export const createRoute: Endpoint = {
  summary: "Creates a route",
  takes: routeSchema,
  answers: routeSchema,
  isConditional: true,
  async handle(call) {
    const route = readRoute(await call.body());
    return changeRoutes(call, route, ({ routes }) => {
      requireNewName(routes, route.name);
      return withRoute(call, routes, route);
    });
  },
};

export const getRoute: Endpoint = {
  summary: "One route",
  answers: routeSchema,
  async handle(call) {
    const { routes, revision } = await requireEnvironment(call.store, call.param("env"));
    return jsonAnswer(requireRoute(routes, call.param("route")), etagOf(revision));
  },
};

/** Replaces the whole route: a field that the body leaves out has its default afterwards. */
export const replaceRoute: Endpoint = {
  summary: "Replaces a route",
  takes: routeSchema,
  answers: routeSchema,
  isConditional: true,
  async handle(call) {
    const name = call.param("route");
    const route = readRoute(await call.body(), name);
    return changeRoutes(call, route, ({ routes }) => {
      requireRoute(routes, name);
      return withRoute(call, routes, route);
    });
  },
};

export const deleteRoute: Endpoint = {
  summary: "Deletes a route",
  answers: EMPTY,
  isConditional: true,
  async handle(call) {
    const name = call.param("route");
    return changeRoutes(call, {}, ({ routes }) => {
      requireRoute(routes, name);
      return routes.filter((route) => route.name !== name);
    });
  },
};

/**
 * Reads a list of routes, with all faults of all of them at once.
 *
 * Errors: `ApiError` FIELDS_INVALID, ROUTE_EXISTS, ROUTE_PLACE_TAKEN.
 */
export function readRoutes(list: readonly unknown[]): readonly Route[] {
  const parsed = z.array(routeSchema).safeParse(list.map((route) => camelNamed(route, ROUTE_FIELDS)));
  if (!parsed.success) refuseFaults(violationsOf(parsed.error, list).map((fault) => ({ ...fault, field: `routes/${fault.field}` })));
  const routes: Route[] = [];
  for (const route of parsed.data ?? []) {
    requireNewName(routes, route.name);
    requireFreePlace(routes, route);
    routes.push(route);
  }
  return routes;
}

function readRoute(body: JsonObject, name?: string): Route {
  const named = camelNamed(body, ROUTE_FIELDS) as JsonObject;
  const given = name === undefined ? named : { name, ...named };
  const parsed = routeSchema.safeParse(given);
  const faults: FieldViolation[] = parsed.success ? [] : [...violationsOf(parsed.error, given)];
  if (name !== undefined && given["name"] !== name && !faults.some(({ field }) => field === "name")) {
    faults.push({
      field: "name",
      description: `Expected ${shownValue(name)}, received ${shownValue(given["name"])}`,
      reason: "FIELD_INVALID" satisfies FieldReason,
    });
  }
  refuseFaults(faults);
  return routeSchema.parse(given);
}

async function changeRoutes(call: Call, answer: object, change: (record: EnvironmentRecord) => readonly Route[]): Promise<Answer> {
  const { parts, organization } = call;
  const environment = call.param("env");
  const decide: Decide<EnvironmentContent> = (current) => {
    const record = found(current, environment);
    requireMatch(call.header("if-match"), record.revision);
    return { kind: "write", content: { settings: record.settings, routes: change(record) } };
  };
  const { revision } = await changeAndPublish(parts, { organization, environment, by: call.stamp(), decide });
  return jsonAnswer(answer, etagOf(revision));
}

function requireRoute(routes: readonly Route[], name: string): Route {
  const route = routes.find((candidate) => candidate.name === name);
  if (route !== undefined) return route;
  throw new ApiError("ROUTE_NOT_FOUND", `Route: Expected one that exists, received ${JSON.stringify(name)}`);
}

/** The routes with this one in the place of its namesake, or at the end. */
function withRoute({ parts }: Call, routes: readonly Route[], route: Route): readonly Route[] {
  requireFreePlace(routes, route);
  const at = routes.findIndex((candidate) => candidate.name === route.name);
  if (at !== -1) return routes.with(at, route);
  const { maxRoutes } = parts.limits;
  if (routes.length < maxRoutes) return [...routes, route];
  throw new ApiError("TOO_MANY_ROUTES", `Routes: Expected at most ${maxRoutes} in an environment, received one more`);
}

function requireNewName(routes: readonly Route[], name: string): void {
  if (!routes.some((route) => route.name === name)) return;
  throw new ApiError("ROUTE_EXISTS", `Route: Expected a new name, received ${name}, which exists`);
}

/** Two routes for the same host and base path: which one a request takes would be chance. */
function requireFreePlace(routes: readonly Route[], route: Route): void {
  const holder = routes.find((other) => other.name !== route.name && placeOf(other) === placeOf(route));
  if (holder === undefined) return;
  const place = `host ${route.host} and base path ${route.basePath}`;
  throw new ApiError(
    "ROUTE_PLACE_TAKEN",
    `Route: Expected a host and base path that no other route has, received ${place} of the route ${holder.name}`,
  );
}

/** Host names compare without case (RFC 9110 §4.2.3); `/a` and `/a/` are the same segments. */
function placeOf({ host, basePath }: Route): string {
  return `${host.toLowerCase()} ${basePath.replace(/\/+$/, "")}`;
}
