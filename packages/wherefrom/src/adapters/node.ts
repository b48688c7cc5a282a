import type { Evidence } from "../header/evidence.ts";
import type { Resolution } from "../resolve/resolution.ts";
import type { Resolver } from "../resolve/resolver.ts";

/** The part of a `node:http` or `node:http2` request that is read. `IncomingMessage` and `Http2ServerRequest` have it. */
export type NodeRequest = {
  /** Name, value, name, value, as they came over the wire. */
  readonly rawHeaders: readonly string[];
  readonly socket: { readonly remoteAddress?: string | undefined; readonly destroyed?: boolean };
};

/** A peer nobody knows: no text that is an address, so that not even `unix:` trusts it. */
export const NOBODY = "";

const NO_LINES: readonly string[] = [];

/** What is known better than the request knows it. */
export type NodeEvidenceOptions = {
  /** The peer after PROXY protocol; `undefined` says that there is none to know. Without this field the socket is asked. */
  readonly peer?: string | undefined;
};

/**
 * Evidence of a Node request, and of the request of a WebSocket upgrade just the same.
 *
 * Reads `rawHeaders`, because in `headers` Node has joined repeated lines and dropped some. Decides nothing.
 */
export function evidenceOf(request: NodeRequest, options: NodeEvidenceOptions = {}): Evidence {
  const { rawHeaders } = request;
  const peer = "peer" in options ? options.peer : peerOfSocket(request.socket);
  return { peer, lines: (name) => linesOf(rawHeaders, name) };
}

/** What an adapter may be told beside its resolver. */
export type ClientIpOptions<Request = NodeRequest> = {
  /**
   * The peer, where something knows it better than the socket: PROXY protocol. `undefined` says that there is none to know, as on a unix socket;
   * a text that is no address says that nobody knows it.
   */
  readonly peerOf?: ((request: Request) => string | undefined) | undefined;
};

/** Says which client a request is from. The first answer for a request stays, however often and whenever it is asked for. */
export type ClientOf<Request> = (request: Request) => Resolution;

/**
 * The resolver as a function of a Node request: what every adapter for Node is made of, and enough where there is no framework.
 *
 * Asks the resolver once for each request object. The evidence is read at that moment: a connection that is already closed has no peer any more.
 */
export function createClientOf<Request extends NodeRequest = NodeRequest>(
  resolver: Resolver,
  options: ClientIpOptions<Request> = {},
): ClientOf<Request> {
  const { peerOf } = options;
  return rememberFor((request) =>
    resolver.resolve(peerOf === undefined ? evidenceOf(request) : evidenceOf(request, { peer: peerOf(request) })),
  );
}

/** Gives the first answer again. Holds no key in memory. */
export function rememberFor<Key extends object, Value>(answer: (key: Key) => Value): (key: Key) => Value {
  const answers = new WeakMap<Key, Value>();
  return (key) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    const value = answer(key);
    answers.set(key, value);
    return value;
  };
}

/** The peer of a socket. A unix socket has no remote address, and neither has a TCP socket once it is closed: that one must not pass for a unix socket. */
export function peerOfSocket(socket: NodeRequest["socket"]): string | undefined {
  return socket.remoteAddress ?? (socket.destroyed === true ? NOBODY : undefined);
}

function linesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  let lines: string[] | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const field = rawHeaders[at] as string;
    if (field.length !== name.length || field.toLowerCase() !== name) continue;
    const value = rawHeaders[at + 1] as string;
    if (lines === undefined) lines = [value];
    else lines.push(value);
  }
  return lines ?? NO_LINES;
}
