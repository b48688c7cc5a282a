import { askWell } from "./http.ts";

/** Changes the environment's policy exactly as the documentation shows it. When this returns, the gateway has it. */
export async function patchPolicy(environmentUrl: string, clientIpResolutionConfig: Readonly<Record<string, unknown>>): Promise<void> {
  await askWell(`${environmentUrl}?updateMask=client_ip_resolution_config`, { method: "PATCH", json: { clientIpResolutionConfig } });
}

/** The policy that selects one place of X-Forwarded-For. */
export function headerIndex(ipHeaderIndex: number): Readonly<Record<string, unknown>> {
  return { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex } };
}

/** Adds a route. */
export async function addRoute(
  environmentUrl: string,
  route: { name: string; target: string } & Readonly<Record<string, unknown>>,
): Promise<void> {
  await askWell(`${environmentUrl}/routes`, { method: "POST", json: route });
}
