import { type Route, routeSchema } from "@wherefrom/model";
import { z } from "zod";
import { changeAndPublish } from "../change.ts";
import type { Decide, EnvironmentRecord } from "../config-store/port.ts";
import { ApiError } from "../http/api-error.ts";
import { EMPTY } from "../http/empty.ts";
import { type Answer, type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { etagOf, requireMatch } from "../http/etag.ts";
import { audienceOf } from "../http/rollout-share.ts";
import { found, requireEnvironment } from "./environments.ts";
import { holderOfPlace, placeOf, readRoute } from "./route-body.ts";

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
  isStaged: true,
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
  isStaged: true,
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
  isStaged: true,
  async handle(call) {
    const name = call.param("route");
    return changeRoutes(call, {}, ({ routes }) => {
      requireRoute(routes, name);
      return routes.filter((route) => route.name !== name);
    });
  },
};

async function changeRoutes(call: Call, answer: object, change: (record: EnvironmentRecord) => readonly Route[]): Promise<Answer> {
  const { parts, organization } = call;
  const environment = call.param("env");
  const decide: Decide = (current) => {
    const record = found(current, environment);
    requireMatch(call.header("if-match"), record.revision);
    return { kind: "write", content: { settings: record.settings, routes: change(record) } };
  };
  const { revision } = await changeAndPublish(parts, {
    organization,
    environment,
    by: call.stamp(),
    audience: audienceOf(call.header),
    decide,
  });
  return jsonAnswer(answer, etagOf(revision));
}

function requireNewName(routes: readonly Route[], name: string): void {
  if (!routes.some((route) => route.name === name)) return;
  throw new ApiError("ROUTE_EXISTS", `Route: Expected a new name, received ${name}, which exists`);
}

function requireFreePlace(routes: readonly Route[], route: Route): void {
  const holder = holderOfPlace(routes, route);
  if (holder === undefined) return;
  throw new ApiError(
    "ROUTE_PLACE_TAKEN",
    `Route: Expected a host and base path that no other route has, received ${placeOf(route)} of ${holder.name}`,
  );
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
