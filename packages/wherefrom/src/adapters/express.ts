import type { Resolution } from "../resolve/resolution.ts";
import type { Resolver } from "../resolve/resolver.ts";
import { type ClientIpOptions, createClientOf, type NodeRequest } from "./node.ts";

/**
 * What `clientIp` adds to a request. To have it on every Express request:
 *
 * ```ts
 * declare module "express-serve-static-core" {
 *   interface Request extends WithClientIp {}
 * }
 * ```
 */
export type WithClientIp = { clientIp: Resolution };

/** Express middleware, and that of every framework whose middleware is `(request, response, next)` over a Node request. */
export type ExpressMiddleware<Request extends NodeRequest> = (
  request: Request & Partial<WithClientIp>,
  response: unknown,
  next: () => void,
) => void;

/**
 * Express middleware that sets `request.clientIp`: `app.use(clientIp(resolver))`.
 *
 * Not a gate: a request without an address goes on too, with `clientIp.ip` `null`. It neither reads nor changes `trust proxy` and `request.ip`.
 */
export function clientIp<Request extends NodeRequest = NodeRequest>(
  resolver: Resolver,
  options: ClientIpOptions<Request> = {},
): ExpressMiddleware<Request> {
  const clientOf = createClientOf(resolver, options);
  return (request, _response, next) => {
    request.clientIp = clientOf(request);
    next();
  };
}
