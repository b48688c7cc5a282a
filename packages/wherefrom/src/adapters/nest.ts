import type { Resolution } from "../resolve/resolution.ts";
import type { Resolver } from "../resolve/resolver.ts";
import { type ClientIpOptions, createClientOf as createClientOfRequest, type NodeRequest } from "./node.ts";

/** The part of Nest's `ExecutionContext` that is used. */
export type NestContext = {
  getType(): string;
  switchToHttp(): { getRequest(): unknown };
  switchToWs(): { getClient(): unknown };
};

/**
 * Whatever holds the Node request in Nest: an `ExecutionContext`, a request of the platform Express or Fastify, a client of the platform Socket.IO, or
 * a client of the platform ws once `clientOf(request, client)` was called for it.
 */
export type NestSource<Request extends NodeRequest> =
  | NestContext
  | Request
  | { readonly raw: Request }
  | { readonly request: Request }
  | object;

/**
 * Says which client a context, a request or a WebSocket client is from. The first answer stays.
 *
 * With `client` the answer is remembered for that object too: call it so in `handleConnection(client, request)` of the platform ws, whose clients hold
 * no request.
 *
 * Errors: `TypeError` for a source that holds no Node request, as a GraphQL or RPC context does.
 */
export type ClientOf<Request extends NodeRequest> = (source: NestSource<Request>, client?: object) => Resolution;

/** The token under which `clientIpProvider` is injected: `@Inject(CLIENT_OF)`. */
export const CLIENT_OF: unique symbol = Symbol.for("wherefrom.clientOf");

/** A provider in Nest's sense. */
export type ClientIpProvider<Request extends NodeRequest> = { readonly provide: typeof CLIENT_OF; readonly useValue: ClientOf<Request> };

/**
 * The resolver for Nest, for parameter decorators, guards and gateways on every platform:
 *
 * ```ts
 * const clientOf = createClientOf(resolver);
 * export const ClientIp = createParamDecorator((_data: unknown, context: ExecutionContext) => clientOf(context));
 * ```
 */
export function createClientOf<Request extends NodeRequest = NodeRequest>(
  resolver: Resolver,
  options: ClientIpOptions<Request> = {},
): ClientOf<Request> {
  const clientOfRequest = createClientOfRequest(resolver, options);
  const answers = new WeakMap<object, Resolution>();
  return (source, client) => {
    const view = viewOf(source);
    const answer = answers.get(view) ?? clientOfRequest(requestOf<Request>(view));
    if (client !== undefined) answers.set(client, answer);
    return answer;
  };
}

/** A provider for the constructor of a guard, an interceptor or a gateway: `providers: [clientIpProvider(resolver)]`. */
export function clientIpProvider<Request extends NodeRequest = NodeRequest>(
  resolver: Resolver,
  options: ClientIpOptions<Request> = {},
): ClientIpProvider<Request> {
  return { provide: CLIENT_OF, useValue: createClientOf(resolver, options) };
}

/** The request or client that a context is about, or the source itself. */
function viewOf(source: object): object {
  if (!("switchToHttp" in source)) return source;
  const context = source as NestContext;
  const type = context.getType();
  const view = type === "ws" ? context.switchToWs().getClient() : type === "http" ? context.switchToHttp().getRequest() : undefined;
  if (typeof view === "object" && view !== null) return view;
  throw new TypeError(`Expected a context of http or ws, got one of ${type}; hand over the Node request that it holds`);
}

/** Fastify keeps Node's request in `raw`, Socket.IO in `request`. */
function requestOf<Request extends NodeRequest>(view: object): Request {
  const { raw, request } = view as { readonly raw?: unknown; readonly request?: unknown };
  for (const candidate of [view, raw, request]) {
    if (Array.isArray((candidate as Partial<NodeRequest> | null | undefined)?.rawHeaders)) return candidate as Request;
  }
  throw new TypeError(
    "Expected something that holds a Node request, got none; in a gateway of the platform ws call clientOf(request, client) in handleConnection",
  );
}
