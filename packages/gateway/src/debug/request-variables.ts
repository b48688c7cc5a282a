import type { REQUEST_VARIABLES, ReadVariable } from "@wherefrom/model";
import type { Exchange } from "../exchange.ts";

/** The variables that the filter of a debug session may ask for. A name that nobody knows is null. */
export function requestVariables(exchange: Exchange): ReadVariable {
  const own: Readonly<Record<(typeof REQUEST_VARIABLES)[number], () => string | undefined>> = {
    "request.verb": () => exchange.request.method,
    "request.uri": () => exchange.target?.pathAndQuery,
    "request.path": () => exchange.target?.path,
    "request.querystring": () => queryOf(exchange),
    "proxy.basepath": () => exchange.routeAsked()?.route.basePath,
    "proxy.pathsuffix": () => pathSuffixOf(exchange),
    "apiproxy.name": () => exchange.routeAsked()?.route.name,
    "environment.name": () => exchange.snapshot.environment,
    "organization.name": () => exchange.snapshot.organization,
  };
  return (name) => {
    if (Object.hasOwn(own, name)) return own[name as keyof typeof own]();
    const parameter = /^request\.queryparam\.(.+)$/.exec(name)?.[1];
    if (parameter !== undefined) return new URLSearchParams(queryOf(exchange)).get(parameter) ?? undefined;
    return exchange.flowVariable(name);
  };
}

/** What stands behind the base path of the route. */
export function pathSuffixOf(exchange: Exchange): string | undefined {
  const basePath = exchange.routeAsked()?.route.basePath;
  if (basePath === undefined) return undefined;
  let end = basePath.length;
  while (basePath[end - 1] === "/") end -= 1;
  return exchange.target?.path.slice(end);
}

function queryOf({ target }: Exchange): string {
  const at = target?.pathAndQuery.indexOf("?") ?? -1;
  return at === -1 ? "" : (target?.pathAndQuery.slice(at + 1) ?? "");
}
