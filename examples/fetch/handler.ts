import { createResolver, parsePolicy } from "wherefrom";
import { evidenceOfRequest } from "wherefrom/fetch";

const resolver = createResolver(
  parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } }),
);

export function handle(request: Request, peer: string): Response {
  const { ip, trust } = resolver.resolve(evidenceOfRequest(request, peer));
  return Response.json({ ip, trust });
}
