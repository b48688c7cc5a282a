import { escapeText } from "wherefrom";
import { CliError } from "./errors.ts";
import type { Names } from "./names.ts";

/** The route that a new environment starts with: everything goes to the demo upstream, with the explanation. */
const DEMO_ROUTE_NAME = "demo";

const TIMEOUT_MS = 10_000;
const MAX_QUOTED_CHARS = 300;

export type DemoRouteOptions = Names & {
  /** Where the management API listens. */
  readonly apiUrl: string;
  readonly token: string;
  /** Where the demo upstream listens now: another port at each start. */
  readonly target: string;
};

/** The demo route as a new environment gets it. */
export function demoRoute(target: string): { name: string; host: string; basePath: string; target: string; sendExplanation: boolean } {
  return { name: DEMO_ROUTE_NAME, host: "*", basePath: "/", target, sendExplanation: true };
}

/**
 * Points the demo route at the demo upstream of this start, and leaves everything else in it as it is. An environment without
 * any route gets the demo route; one whose routes do not include it keeps to its own. It goes to all gateways at once, and while another change is tried
 * on some of them it stays as it is.
 *
 * Errors: `CliError` DEMO_ROUTE_REFUSED when the management API does not take the change.
 */
export async function pointDemoRoute({ apiUrl, token, organization, environment, target }: DemoRouteOptions): Promise<void> {
  const routesUrl = `${apiUrl}/v1/organizations/${encodeURIComponent(organization)}/environments/${encodeURIComponent(environment)}/routes`;
  const { routes = [] } = (await call("GET", routesUrl, { token })) as {
    routes?: readonly { readonly name: string; readonly target: string }[];
  };
  const existing = routes.find((route) => route.name === DEMO_ROUTE_NAME);
  if (existing === undefined && routes.length > 0) return;
  if (existing?.target === target) return;
  if (existing === undefined) await call("POST", routesUrl, { token, body: demoRoute(target) });
  else await call("PUT", `${routesUrl}/${DEMO_ROUTE_NAME}`, { token, body: { ...existing, target } });
}

type Sending = { readonly token: string; readonly body?: object };

async function call(method: "GET" | "POST" | "PUT", url: string, { token, body }: Sending): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      authorization: `Bearer ${token}`,
      "x-wherefrom-rollout-share": "100",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.ok) return response.json();
  const text = await response.text();
  if (text.includes("ROLLOUT_UNDER_WAY")) return undefined;
  const said = escapeText(text, MAX_QUOTED_CHARS);
  throw new CliError(
    "DEMO_ROUTE_REFUSED",
    `Cannot point the demo route at the demo upstream: ${method} ${url} answered ${response.status} ${said}`,
  );
}
