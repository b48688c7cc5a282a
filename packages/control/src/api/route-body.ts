import { camelNamed, type FieldViolation, ROUTE_FIELDS, type Route, routeSchema } from "@wherefrom/model";
import { refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import type { JsonObject } from "../http/json-body.ts";
import { shownValue, violationsOf } from "../http/violations.ts";

/** Reads the body of a route; `name` is that of the path, where there is one. Errors: `ApiError` FIELDS_INVALID. */
export function readRoute(body: JsonObject, name?: string): Route {
  const named = camelNamed(body, ROUTE_FIELDS) as JsonObject;
  const given = name === undefined ? named : { name, ...named };
  const parsed = routeSchema.safeParse(given);
  const faults: FieldViolation[] = parsed.success ? [] : [...violationsOf(parsed.error, given)];
  if (name !== undefined && given["name"] !== name && !faults.some(({ field }) => field === "name")) {
    faults.push(faultOf("name", `Expected ${shownValue(name)}, received ${shownValue(given["name"])}`));
  }
  refuseFaults(faults);
  return routeSchema.parse(given);
}

/** A list of routes, read: those without a fault of their own, and every fault of all of them. */
export type RoutesReading = { readonly routes: readonly Route[]; readonly violations: readonly FieldViolation[] };

/** Reads the routes of an environment as a whole: each by itself, and that no two have one name or one place. */
export function readRoutes(list: readonly unknown[]): RoutesReading {
  const routes: Route[] = [];
  const violations: FieldViolation[] = [];
  for (const [at, item] of list.entries()) {
    const given = camelNamed(item, ROUTE_FIELDS);
    const parsed = routeSchema.safeParse(given);
    if (!parsed.success) {
      violations.push(...violationsOf(parsed.error, given).map((fault) => ({ ...fault, field: `routes/${at}/${fault.field}` })));
      continue;
    }
    const route = parsed.data;
    const holder = holderOfPlace(routes, route);
    if (routes.some(({ name }) => name === route.name)) {
      violations.push(faultOf(`routes/${at}/name`, `Expected a name that no other route has, received ${shownValue(route.name)}`));
    } else if (holder !== undefined) {
      const expected = "Expected a host and base path that no other route has";
      violations.push(faultOf(`routes/${at}`, `${expected}, received ${placeOf(route)} of ${holder.name}`));
    }
    routes.push(route);
  }
  return { routes, violations };
}

/** The other route that has the place of this one: which of two a request takes would be chance. */
export function holderOfPlace(routes: readonly Route[], route: Route): Route | undefined {
  return routes.find((other) => other.name !== route.name && keyOf(other) === keyOf(route));
}

/** The place of a route, for people. */
export function placeOf({ host, basePath }: Route): string {
  return `host ${host} and base path ${basePath}`;
}

/** Host names compare without case (RFC 9110 §4.2.3); `/a` and `/a/` are the same segments. */
function keyOf({ host, basePath }: Route): string {
  return `${host.toLowerCase()} ${basePath.replace(/\/+$/, "")}`;
}

function faultOf(field: string, description: string): FieldViolation {
  return { field, description, reason: "FIELD_INVALID" satisfies FieldReason };
}
