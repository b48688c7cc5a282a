import type { Evidence } from "../header/evidence.ts";
import type { Resolution } from "../resolve/resolution.ts";
import type { Resolver } from "../resolve/resolver.ts";
import { evidenceOfRequest, type FetchRequest } from "./fetch.ts";
import { type ClientIpOptions, evidenceOf, NOBODY, type NodeRequest, rememberFor } from "./node.ts";

/** What `clientIp` adds to the variables of a context: `new Hono<{ Variables: ClientIpVariables }>()`. */
export type ClientIpVariables = { clientIp: Resolution };

/** The part of a Hono context that is used. */
export type HonoContext = {
  readonly req: { readonly raw: FetchRequest };
  /** Of `@hono/node-server` it has `incoming`, Node's own request. */
  readonly env: unknown;
  set(key: "clientIp", value: Resolution): void;
};

/** Hono middleware. */
export type HonoMiddleware<Context extends HonoContext> = (context: Context, next: () => Promise<void>) => Promise<void>;

/**
 * Hono middleware that sets the variable `clientIp`: `app.use(clientIp(resolver))`.
 *
 * On `@hono/node-server` it reads Node's raw headers and socket. Elsewhere it reads `context.req.raw`, as `evidenceOfRequest` does, and only `peerOf`
 * knows the peer: `{ peerOf: (context: Context) => getConnInfo(context).remote.address }` with the runtime's `getConnInfo`. Without `peerOf` the peer is
 * nobody there, and no trust list matches it. Not a gate: a request without an address goes on too, with `clientIp.ip` `null`.
 */
export function clientIp<Context extends HonoContext = HonoContext>(
  resolver: Resolver,
  options: ClientIpOptions<Context> = {},
): HonoMiddleware<Context> {
  const clientOf = rememberFor((context: Context) => resolver.resolve(evidenceOfContext(context, options)));
  return (context, next) => {
    context.set("clientIp", clientOf(context));
    return next();
  };
}

function evidenceOfContext<Context extends HonoContext>(context: Context, { peerOf }: ClientIpOptions<Context>): Evidence {
  const incoming = incomingOf(context.env);
  if (incoming === undefined) return evidenceOfRequest(context.req.raw, peerOf === undefined ? NOBODY : peerOf(context));
  return peerOf === undefined ? evidenceOf(incoming) : evidenceOf(incoming, { peer: peerOf(context) });
}

/** Bindings are the application's own: only what has raw headers and a socket is a Node request. */
function incomingOf(env: unknown): NodeRequest | undefined {
  const incoming = (env as { readonly incoming?: Partial<NodeRequest> } | null | undefined)?.incoming;
  return Array.isArray(incoming?.rawHeaders) && incoming.socket !== undefined ? (incoming as NodeRequest) : undefined;
}
