import { type ClientHttp2Session, connect } from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { Deadline } from "../../deadline.ts";
import type { GatewayLimits } from "../../limits.ts";
import type { CompiledTarget } from "../../route/targets.ts";
import { Tapped } from "../../tapped.ts";
import { upstreamError } from "../upstream-error.ts";
import { connectorTo } from "./connect-options.ts";
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

export type Http2Context = { readonly target: CompiledTarget; readonly limits: GatewayLimits; readonly lookup: Lookup };

type Sending = { readonly outgoing: Outgoing; readonly handler: AnswerHandler };

/**
 * One HTTP/2 connection to a target. It owns socket and session. Requests wait until the connection stands, or fail with what it fails with. A target that breaks the
 * protocol loses it at once, and with it all that was asked on it.
 *
 * Source: RFC 9113 §5.4.1 (a connection error closes the connection).
 */
export class Http2Connection {
  readonly #context: Http2Context;
  readonly #socket: Socket;
  readonly #onClose: () => void;
  readonly #connecting: Deadline;
  #session: ClientHttp2Session | undefined;
  #waiting: Sending[] = [];
  #failure: Error | undefined;
  #isClosing = false;
  #open = 0;

  constructor(context: Http2Context, { onClose }: { onClose: () => void }) {
    this.#context = context;
    this.#onClose = onClose;
    const { target, limits, lookup } = context;
    const timeoutMs = target.connectTimeoutMs ?? limits.connectTimeoutMs;
    const socket = connectorTo(target, { lookup, protocol: "h2" })();
    this.#socket = socket;
    this.#connecting = new Deadline(timeoutMs, () => {
      socket.destroy(upstreamError("UPSTREAM_CONNECT_TIMEOUT", `No connection within ${timeoutMs} ms`));
    });
    socket.once(target.isSecure ? "secureConnect" : "connect", () => this.#begin());
    socket.on("error", (error) => {
      this.#failure ??= error;
    });
    socket.once("close", () => this.#fail());
  }

  /** Requests that are not over. */
  get open(): number {
    return this.#open;
  }

  /** Whether it takes further ones. */
  get isUsable(): boolean {
    return !this.#isClosing && !this.#socket.destroyed && !this.#session?.closed;
  }

  /** How many it takes at a time: what the target allows, and what is usual until it has said. */
  get maxStreams(): number {
    return Math.min(this.#session?.remoteSettings?.maxConcurrentStreams ?? MAX_STREAMS, MAX_STREAMS);
  }

  send(sending: Sending): void {
    this.#open += 1;
    if (this.#session === undefined) this.#waiting.push(sending);
    else this.#sendOn(this.#session, sending);
  }

  /** Lets the requests in flight finish. */
  close(): void {
    this.#isClosing = true;
    if (this.#session !== undefined) this.#session.close();
    else if (this.#waiting.length === 0) this.#socket.destroy();
  }

  /** Cuts it. */
  destroy(): void {
    this.#session?.destroy();
    this.#socket.destroy();
  }

  #begin(): void {
    const { target, limits } = this.#context;
    const socket = this.#socket;
    this.#connecting.stop();
    if (socket instanceof TLSSocket && socket.alpnProtocol !== "h2") {
      return void socket.destroy(upstreamError("UPSTREAM_BROKEN", "The target does not speak HTTP/2"));
    }
    const tapped = new Tapped(socket, {
      lingerTimeoutMs: limits.lingerTimeoutMs,
      now: Date.now,
      onUnread: () => session.destroy(upstreamError("UPSTREAM_BROKEN", "The target broke the protocol of HTTP/2")),
    });
    const session = connect(target.origin, {
      createConnection: () => tapped,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES, maxHeaderListSize: limits.maxHeaderBytes },
      peerMaxConcurrentStreams: MAX_STREAMS,
      maxSessionMemory: MAX_SESSION_MEGABYTES,
    });
    this.#session = session;
    session.once("connect", () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
    // Each request hears of it by itself.
    session.on("error", () => undefined);
    session.once("close", this.#onClose);
    session.setTimeout(limits.upstreamHttp2IdleTimeoutMs);
    session.on("timeout", () => {
      if (this.#open === 0) this.close();
    });
    for (const sending of this.#waiting.splice(0)) this.#sendOn(session, sending);
    if (this.#isClosing) session.close();
  }

  #sendOn(session: ClientHttp2Session, { outgoing, handler }: Sending): void {
    sendOverHttp2(session, {
      outgoing,
      handler,
      limits: this.#context.limits,
      whenOver: (isConnectionInDoubt) => {
        this.#open -= 1;
        // Its time may have run out while this request was open.
        if (this.#open === 0) session.setTimeout(this.#context.limits.upstreamHttp2IdleTimeoutMs);
        // Others on it finish; who comes next does not find out by waiting as long.
        if (isConnectionInDoubt) this.close();
      },
    });
  }

  /** The connection is gone. Those that wait have never had one. */
  #fail(): void {
    this.#connecting.stop();
    if (this.#session !== undefined) return;
    this.#onClose();
    const error = this.#failure ?? upstreamError("UPSTREAM_CLOSED", "The connection was closed");
    for (const { handler } of this.#waiting.splice(0)) {
      this.#open -= 1;
      handler.onError(error);
    }
  }
}
