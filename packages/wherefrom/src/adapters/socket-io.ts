import type { Evidence } from "../header/evidence.ts";
import type { Resolution } from "../resolve/resolution.ts";
import type { Resolver } from "../resolve/resolver.ts";
import { type ClientIpOptions, evidenceOf, NOBODY, type NodeRequest } from "./node.ts";

/** What `clientIp` adds to `socket.data`: the fourth type argument of `new Server<…, …, …, ClientIpData>()`. */
export type ClientIpData = { clientIp: Resolution };

/** The part of a Socket.IO socket that is used. */
export type SocketIoSocket<Request extends NodeRequest> = {
  /** The request that shook hands, whichever transport came later. */
  readonly request: Request;
  /** The connection below, which noted the peer at the handshake. */
  readonly conn: { readonly remoteAddress?: string | undefined };
  readonly data: Partial<ClientIpData>;
};

/** Middleware of a Socket.IO namespace. */
export type SocketIoMiddleware<Request extends NodeRequest> = (socket: SocketIoSocket<Request>, next: () => void) => void;

/**
 * Socket.IO middleware that sets `socket.data.clientIp`: `io.use(clientIp(resolver))`, and `io.of(name).use(…)` for another namespace.
 *
 * The answer is that of the handshake and stays for the connection's life. Not a gate: a socket without an address goes on too, with `clientIp.ip`
 * `null`. Where there is no Node request (WebTransport, µWebSockets.js) nothing is evidence and the peer is nobody.
 */
export function clientIp<Request extends NodeRequest = NodeRequest>(
  resolver: Resolver,
  options: ClientIpOptions<Request> = {},
): SocketIoMiddleware<Request> {
  // Keyed by the connection: every namespace has a socket of its own over the same one.
  const answers = new WeakMap<object, Resolution>();
  return (socket, next) => {
    const known = answers.get(socket.conn);
    const answer = known ?? resolver.resolve(evidenceOfHandshake(socket, options));
    if (known === undefined) answers.set(socket.conn, answer);
    socket.data.clientIp = answer;
    next();
  };
}

function evidenceOfHandshake<Request extends NodeRequest>(
  { request, conn }: SocketIoSocket<Request>,
  { peerOf }: ClientIpOptions<Request>,
): Evidence {
  if (!Array.isArray((request as Partial<NodeRequest> | undefined)?.rawHeaders)) return NOTHING;
  if (peerOf !== undefined) return evidenceOf(request, { peer: peerOf(request) });
  // A handshake by polling may have had a connection of its own that is closed by now.
  return conn.remoteAddress === undefined ? evidenceOf(request) : evidenceOf(request, { peer: conn.remoteAddress });
}

const NOTHING: Evidence = { peer: NOBODY, lines: () => [] };
