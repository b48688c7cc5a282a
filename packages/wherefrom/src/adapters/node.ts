import type { Evidence } from "../header/evidence.ts";
import type { Resolution } from "../resolve/resolution.ts";
import type { Resolver } from "../resolve/resolver.ts";

/** The part of a `node:http` or `node:http2` request that is read. `IncomingMessage` and `Http2ServerRequest` have it. */
export type NodeRequest = {
  /** Name, value, name, value, as they came over the wire. */
  readonly rawHeaders: readonly string[];
  readonly socket: {
    readonly remoteAddress?: string | undefined;
    readonly localAddress?: string | undefined;
    readonly destroyed?: boolean;
    /** The `http.Server` or `https.Server`: how many fields it keeps. */
    readonly server?: unknown;
  };
};

/** A peer nobody knows: no text that is an address, so that not even `unix:` trusts it. */
export const NOBODY = "";

const NO_LINES: readonly string[] = [];

/** What every line of a header is where fields are missing: it is refused as malformed (it holds NUL), and an explanation shows it. */
const MISSING: readonly string[] = ["fields are missing\0"];

/** What is known better than the request knows it. */
export type NodeEvidenceOptions = {
  /** The peer after PROXY protocol; `undefined` says that there is none to know. Without this field the socket is asked. */
  readonly peer?: string | undefined;
};

/**
 * Evidence of a Node request, and of the request of a WebSocket upgrade just the same.
 *
 * Reads `rawHeaders`, because in `headers` Node has joined repeated lines and dropped some. Decides nothing. Where Node may have dropped fields
 * before anybody could read them, no header is evidence: a client that sends many pushes out what a proxy adds behind them.
 */
export function evidenceOf(request: NodeRequest, options: NodeEvidenceOptions = {}): Evidence {
  const { rawHeaders } = request;
  const peer = "peer" in options ? options.peer : peerOfSocket(request.socket);
  return { peer, lines: (name) => (mayBeCut(request) ? MISSING : linesOf(rawHeaders, name)) };
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

/**
 * The peer of a socket. A unix socket has no remote address, and neither has a TCP socket that is closed, or that its client has reset: the system still hands out
 * what came before, and it must not pass for a unix socket. Until it is closed such a socket knows its own address.
 */
export function peerOfSocket(socket: NodeRequest["socket"]): string | undefined {
  // each address is a question to the system, asked when it is read
  return socket.remoteAddress ?? (socket.destroyed === true || socket.localAddress !== undefined ? NOBODY : undefined);
}

/** Node's parser hands on 31 fields at a time, and drops none of the first. */
const ALWAYS_WHOLE = 62;
/** `rawHeaders` of a server that sets no `maxHeadersCount`. */
const USUALLY_KEPT = 2_000;

/**
 * Whether Node may have dropped fields: it does so silently when it has `maxHeadersCount` of them (0: never). Versions that answer 431 instead never come here.
 *
 * Source: CVE-2026-58044; fixed in Node 22.23.2, 24.18.1 and 26.5.1.
 */
function mayBeCut({ rawHeaders, socket }: NodeRequest): boolean {
  if (rawHeaders.length < ALWAYS_WHOLE) return false;
  const count = (socket.server as { readonly maxHeadersCount?: unknown } | undefined)?.maxHeadersCount;
  const kept = typeof count === "number" ? count * 2 : USUALLY_KEPT;
  return kept > 0 && rawHeaders.length >= kept;
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
