import type { Resolution } from "../resolve/resolution.ts";
import type { Resolver } from "../resolve/resolver.ts";
import { type ClientIpOptions, createClientOf, evidenceOf, type NodeRequest } from "./node.ts";

/** A handler for `connection` of a `ws` server that is told the client. The resolution is that of the handshake; it stays for the connection's life. */
export type ClientConnection<Socket, Request extends NodeRequest> = (socket: Socket, request: Request, client: Resolution) => void;

/**
 * Tells a WebSocket server's `connection` handler which client it has: `server.on("connection", withClient(resolver, (socket, request, client) => …))`.
 *
 * The same answer as for an HTTP request with the same evidence. It never closes a connection: a resolution without an address reaches the handler too.
 */
export function withClient<Socket, Request extends NodeRequest>(
  resolver: Resolver,
  handle: ClientConnection<Socket, Request>,
  options: ClientIpOptions<Request> = {},
): (socket: Socket, request: Request) => void {
  const clientOf = createClientOf(resolver, options);
  return (socket, request) => handle(socket, request, clientOf(request));
}

export { evidenceOf };
