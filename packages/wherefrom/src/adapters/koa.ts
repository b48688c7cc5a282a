import type { Resolution } from "../resolve/resolution.ts";
import type { Resolver } from "../resolve/resolver.ts";
import { type ClientIpOptions, createClientOf, type NodeRequest } from "./node.ts";

/** What `clientIp` adds to the state of a context: `new Koa<ClientIpState>()`. */
export type ClientIpState = { clientIp: Resolution };

/** The part of a Koa context that is used. */
export type KoaContext<Request extends NodeRequest> = { readonly req: Request; readonly state: Partial<ClientIpState> };

/** Koa middleware. */
export type KoaMiddleware<Request extends NodeRequest> = (context: KoaContext<Request>, next: () => Promise<unknown>) => Promise<unknown>;

/**
 * Koa middleware that sets `context.state.clientIp`: `app.use(clientIp(resolver))`.
 *
 * Not a gate: a request without an address goes on too, with `clientIp.ip` `null`. It neither reads nor changes `app.proxy` and `context.ip`.
 */
export function clientIp<Request extends NodeRequest = NodeRequest>(
  resolver: Resolver,
  options: ClientIpOptions<Request> = {},
): KoaMiddleware<Request> {
  const clientOf = createClientOf(resolver, options);
  return (context, next) => {
    context.state.clientIp = clientOf(context.req);
    return next();
  };
}
