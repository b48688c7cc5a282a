import { networks } from "../inputs.ts";

const TRUSTED_CIDRS = 1_000;

/** What our gateway is configured with where it is measured with everything on: a thousand trusted networks, and several routes to one target. */
export function everythingOn(target: string): { readonly clientIpResolutionConfig: object; readonly routes: readonly object[] } {
  return {
    clientIpResolutionConfig: {
      trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", ...networks(TRUSTED_CIDRS, 4)] },
    },
    routes: [
      ...["api", "admin", "static", "media"].map((name) => ({ name, host: `${name}.example.com`, target })),
      ...["v1", "v2", "health"].map((name) => ({ name, basePath: `/${name}`, target })),
      { name: "everything", target },
    ],
  };
}
