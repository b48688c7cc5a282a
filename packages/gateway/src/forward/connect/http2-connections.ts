import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectSecure, TLSSocket } from "node:tls";
import type { GatewayLimits } from "../../limits.ts";
import type { CompiledTarget } from "../../route/targets.ts";
import { upstreamError } from "../upstream-error.ts";
import { connectOptions } from "./connect-options.ts";
import { sendOverHttp2 } from "./http2-request.ts";
import type { Lookup } from "./lookup.ts";
import type { AnswerHandler, Outgoing } from "./outgoing.ts";

/** What a target may send of one response ahead of its reader: a client that does not read holds so much memory of the gateway. */
const STREAM_WINDOW_BYTES = 262_144;
/** The same for a whole connection. Node gives back what has come at once, so that one client that does not read stops nobody else. */
const CONNECTION_WINDOW_BYTES = 1_048_576;
/** Requests at a time on one connection, unless the target allows fewer. */
const MAX_STREAMS = 100;
/** What one connection may hold of requests on their way, in megabytes: room for all its streams. Beyond it Node would refuse further ones. */
const MAX_SESSION_MEGABYTES = 64;
/** How long a connection without requests is kept. */
const IDLE_TIMEOUT_MS = 60_000;

export type Http2Context = { readonly target: CompiledTarget; readonly limits: GatewayLimits; readonly lookup: Lookup };

type Connection = { readonly session: ClientHttp2Session; open: number };

/**
 * The HTTP/2 connections to one target: as few as its streams fit into. By Node's client: undici's gives each body a connection of its own, and
 * takes a polite GOAWAY for a broken connection.
 *
 * Source: RFC 9113 §5.1.2 (streams at a time), §6.8 (GOAWAY), §9.1.
 */
export class Http2Connections {
  readonly #context: Http2Context;
  readonly #connections = new Set<Connection>();
  #whenClosed: (() => void) | undefined;

  constructor(context: Http2Context) {
    this.#context = context;
  }

  send(outgoing: Outgoing, handler: AnswerHandler): void {
    const connection = this.#withRoom() ?? this.#open();
    connection.open += 1;
    sendOverHttp2(connection.session, {
      outgoing,
      handler,
      limits: this.#context.limits,
      whenOver: (isConnectionInDoubt) => {
        connection.open -= 1;
        // Others on it finish; who comes next does not find out by waiting as long.
        if (isConnectionInDoubt) connection.session.close();
      },
    });
  }

  /** Lets the requests in flight finish. */
  async close(): Promise<void> {
    if (this.#connections.size === 0) return;
    const closed = new Promise<void>((resolve) => {
      this.#whenClosed = resolve;
    });
    for (const { session } of this.#connections) session.close();
    await closed;
  }

  /** Cuts every connection. */
  destroy(): void {
    for (const { session } of this.#connections) session.destroy();
  }

  /** A connection with room for one more; when there may be no further one, the least busy, where it waits. */
  #withRoom(): Connection | undefined {
    let leastBusy: Connection | undefined;
    for (const connection of this.#connections) {
      const { session } = connection;
      if (session.closed || session.destroyed) continue;
      if (connection.open < streamsOf(session)) return connection;
      if (leastBusy === undefined || connection.open < leastBusy.open) leastBusy = connection;
    }
    return this.#connections.size < this.#context.limits.maxUpstreamConnections ? undefined : leastBusy;
  }

  #open(): Connection {
    const connection = { session: openSession(this.#context), open: 0 };
    const { session } = connection;
    this.#connections.add(connection);
    session.once("close", () => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#whenClosed?.();
    });
    session.setTimeout(IDLE_TIMEOUT_MS, () => {
      if (connection.open === 0) session.close();
    });
    return connection;
  }
}

/** What the target allows; what is usual until it has said. */
function streamsOf(session: ClientHttp2Session): number {
  const allowed = session.connecting ? undefined : session.remoteSettings.maxConcurrentStreams;
  return Math.min(allowed ?? MAX_STREAMS, MAX_STREAMS);
}

/** Requests can be made on it at once; they go out when the connection stands, or fail with what it fails with. */
function openSession({ target, limits, lookup }: Http2Context): ClientHttp2Session {
  const socket = openSocket(target, lookup);
  const session = connect(target.origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES, maxHeaderListSize: limits.maxHeaderBytes },
    peerMaxConcurrentStreams: MAX_STREAMS,
    maxSessionMemory: MAX_SESSION_MEGABYTES,
  });
  const timeoutMs = target.connectTimeoutMs ?? limits.connectTimeoutMs;
  const timer = setTimeout(
    () => session.destroy(upstreamError("UPSTREAM_CONNECT_TIMEOUT", `No connection within ${timeoutMs} ms`)),
    timeoutMs,
  );
  session.once("connect", () => {
    clearTimeout(timer);
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  });
  session.once("close", () => clearTimeout(timer));
  // Each request hears of it by itself.
  session.on("error", () => undefined);
  if (socket instanceof TLSSocket) {
    socket.once("secureConnect", () => {
      if (socket.alpnProtocol !== "h2") session.destroy(upstreamError("UPSTREAM_BROKEN", "The target does not speak HTTP/2"));
    });
  }
  return session;
}

function openSocket(target: CompiledTarget, lookup: Lookup): Socket {
  const { hostname: host, port, socketPath, isSecure } = target;
  const place = socketPath === undefined ? { host, port } : { host, path: socketPath };
  const { lookup: find, ...tls } = connectOptions(target, lookup);
  const socket = isSecure
    ? connectSecure({ ...place, ...tls, lookup: find, ALPNProtocols: ["h2"] })
    : connectPlain({ ...place, lookup: find });
  socket.setNoDelay(true);
  return socket;
}
