import { constants, type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { ClientRequest, Upgrade } from "../../client-message.ts";
import type { Exchange } from "../../exchange.ts";
import { type Fault, faultBody, faultFields } from "../../fault.ts";
import { fieldsByName } from "../../http2-fields.ts";
import type { GatewayLimits } from "../../limits.ts";
import { Tapped } from "../../tapped.ts";
import { reset } from "../reset.ts";
import { type FrameExcess, FrameWatch } from "./frame-watch.ts";
import { Http2Request } from "./http2-request.ts";
import { Http2Response } from "./http2-response.ts";
import { readRequestHeader } from "./request-header.ts";

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_NO_ERROR } = constants;

/** One request of a connection, ready to become an exchange. */
export type Http2Parts = {
  readonly request: Http2Request;
  readonly response: Http2Response;
  readonly upgrade: Upgrade | undefined;
};

type ConnectionOptions = {
  readonly limits: GatewayLimits;
  readonly now: () => number;
  readonly onRequest: (parts: Http2Parts) => void;
  /** The client does too much of something; the connection is being closed. */
  readonly onExcess: (excess: FrameExcess) => void;
};

const tooMuch = new Error("The client does too much");

/** What is asked on a connection, of which the client takes nothing. */
type Stalled = Pick<Exchange, "response" | "fault">;

/**
 * RFC 9113 §6.8: a GOAWAY that is a warning, as it names the last stream that a client could ever open. Written by hand, between the frames of Node's session:
 * after any that it says itself, the session ends as soon as nothing is asked on it.
 */
const GOING_AWAY = Buffer.from("0000080700000000007fffffff00000000", "hex");
/** RFC 9113 §6.5.2: how the size of a header list is counted, beside names and values. */
const FIELD_BYTES = 32;
/** `:method`, `:scheme`, `:authority`, `:path`, `:protocol`. */
const PSEUDO_FIELDS = 5;

/** One connection on which a client speaks HTTP/2. It owns the session and hands out its requests. */
export class Http2Connection {
  /** Resolves when the far end has heard all and has ended too, or it was cut. */
  readonly closed: Promise<void>;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #tapped: Tapped;
  readonly #session: ServerHttp2Session;
  readonly #watch: FrameWatch;
  #open = 0;
  #taken = 0;
  #idleSinceMs: number;
  #grace: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    const { limits, now } = options;
    this.#options = options;
    this.#socket = socket;
    this.#idleSinceMs = now();
    const maxListBytes = limits.maxHeaderBytes + FIELD_BYTES * (limits.maxHeaderFields + PSEUDO_FIELDS);
    this.#watch = new FrameWatch({ limits, now, maxBlockBytes: maxListBytes });
    this.#tapped = new Tapped(socket, { look: (chunk) => this.#look(chunk), lingerTimeoutMs: limits.lingerTimeoutMs, now });
    this.#session = performServerHandshake(this.#tapped, sessionOptions(limits, maxListBytes));
    this.#session.setLocalWindowSize(limits.http2ConnectionWindowBytes);
    this.#session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: readonly string[]) =>
      this.#take(stream, { headers, raw }),
    );
    // What breaks a session closes it, and there is nothing else to do.
    this.#session.on("error", () => undefined);
    this.closed = new Promise((resolve) => this.#session.once("close", resolve));
    this.#session.once("close", () => clearTimeout(this.#grace));
  }

  /** For how long nothing was asked; 0 while something is. */
  idleMs(nowMs: number): number {
    return this.#open > 0 ? 0 : nowMs - this.#idleSinceMs;
  }

  /** Whether the session has given up on the client. It says GOAWAY then and reads no more, and tells nobody to close the connection. */
  hasGivenUp(nowMs: number): boolean {
    return this.#tapped.unreadMs(nowMs) > this.#options.limits.lingerTimeoutMs;
  }

  /**
   * Says that it is going to close, takes what is on its way meanwhile, and then no more; it ends when all is answered. A GOAWAY that named the last request at once would
   * turn away what crosses with it, and not every client can send that again (RFC 9113 §6.8).
   */
  close(): void {
    if (this.#grace !== undefined || this.#session.destroyed) return;
    this.#grace = setTimeout(() => this.#closeNow(), this.#options.limits.idleGraceMs);
    this.#announceClose();
  }

  /** Whether it has said which request is the last that is answered. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Whether a request came on it. */
  carries({ socket }: Pick<ClientRequest, "socket">): boolean {
    return socket === this.#socket;
  }

  /**
   * Resets the streams of the exchanges that are overdue. A client that takes nothing of anything that it asked for is a client no more: where all are `stuck` the
   * connection ends.
   */
  cutStalled(overdue: readonly Stalled[], stuck: readonly Stalled[]): void {
    const isAll = stuck.length === this.#open && overdue.length > 0;
    // Who reads no bytes either is not told anything.
    if (isAll && this.#socket.writableLength > 0) reset(this.#socket);
    else if (isAll && !this.#session.destroyed) this.#session.goaway(NGHTTP2_ENHANCE_YOUR_CALM);
    for (const exchange of isAll ? stuck : overdue) {
      exchange.fault = "CLIENT_STALLED";
      exchange.response.destroy();
    }
    if (isAll) this.#closeNow();
  }

  destroy(): void {
    clearTimeout(this.#grace);
    this.#session.destroy();
    this.#socket.destroy();
  }

  #announceClose(): void {
    if (this.#isClosing || this.#session.destroyed) return;
    // Its settings come before any other frame.
    if (this.#session.pendingSettingsAck) this.#session.once("localSettings", () => this.#announceClose());
    else this.#tapped.write(GOING_AWAY);
  }

  #closeNow(): void {
    this.#isClosing = true;
    if (!this.#session.closed) this.#session.close();
  }

  /** Reads along. Behind an excess nothing is handed on. */
  #look(chunk: Buffer): boolean {
    if (this.#session?.destroyed) return false;
    const excess = this.#watch.look(chunk);
    if (excess === undefined) return true;
    this.#options.onExcess(excess);
    this.#session.destroy(tooMuch, NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  }

  #take(stream: ServerHttp2Stream, { headers, raw }: { headers: IncomingHttpHeaders; raw: readonly string[] }): void {
    // A stream that fails tells it by closing too.
    stream.on("error", () => undefined);
    const { limits, onRequest } = this.#options;
    this.#taken += 1;
    if (this.#taken === limits.maxRequestsPerConnection) this.close();
    const fieldCount = this.#watch.takeFieldCount(stream.id ?? 0);
    const reading = readRequestHeader(raw, { fieldCount, limits });
    if (reading.kind === "fault") return refuse(stream, { answer: reading.fault, stallTimeoutMs: limits.responseStallTimeoutMs });
    const { header } = reading;
    const request = new Http2Request(stream, { header, headers, socket: this.#socket });
    const response = new Http2Response(stream);
    this.#count(response);
    const upgrade = header.isUpgrade ? upgradeOn(stream) : undefined;
    onRequest({ request, response, upgrade });
    // RFC 9113 §8.1: behind an answer that needs no more of the request, the client is told to stop sending.
    response.once("finish", () => {
      if (!request.complete && upgrade === undefined) stream.close(NGHTTP2_NO_ERROR);
    });
    stream.once("close", () => {
      if (!response.shouldKeepAlive) this.close();
    });
  }

  /** Until its answer has gone, or been broken off: a stream may stay longer, for a client that does not take the end of it. */
  #count(response: Http2Response): void {
    this.#open += 1;
    response.once("close", () => {
      this.#open -= 1;
      this.#idleSinceMs = this.#options.now();
    });
  }
}

function sessionOptions(limits: GatewayLimits, maxListBytes: number) {
  return {
    settings: {
      maxConcurrentStreams: limits.maxHttp2Streams,
      // Beyond it Node resets the stream; within it the phase `accept` and `readRequestHeader` answer.
      maxHeaderListSize: maxListBytes,
      initialWindowSize: limits.http2StreamWindowBytes,
      enableConnectProtocol: true,
    },
    // Twice as many as are taken, so that a header with a few too many is answered 431 and not reset.
    maxHeaderListPairs: 2 * limits.maxHeaderFields + PSEUDO_FIELDS,
    // Frames that a server resets a stream for cost it as much as frames by which a client does.
    maxSessionInvalidFrames: limits.maxHttp2Resets,
    maxSessionRejectedStreams: limits.maxHttp2Resets,
  };
}

/** Answers a header that no exchange is made of. */
function refuse(stream: ServerHttp2Stream, { answer, stallTimeoutMs }: { answer: Fault; stallTimeoutMs: number }): void {
  // The client may have reset it in the same breath, and answering what is closed throws.
  if (stream.closed || stream.destroyed) return;
  const body = faultBody(answer);
  stream.respond({ ":status": answer.status, ...fieldsByName(faultFields(answer, body)) });
  stream.end(body);
  stream.once("finish", () => stream.close(NGHTTP2_NO_ERROR));
  stream.setTimeout(stallTimeoutMs, () => stream.close(NGHTTP2_CANCEL));
}

/** RFC 8441 §5: a status of 2xx agrees; Accept and Upgrade are not sent, as no key was. */
function upgradeOn(stream: ServerHttp2Stream): Upgrade {
  return {
    duplex: stream,
    head: Buffer.alloc(0),
    open(fields) {
      if (stream.closed || stream.destroyed) return;
      const { "sec-websocket-accept": _accept, ...agreed } = fieldsByName(fields);
      stream.respond({ ":status": 200, ...agreed });
    },
  };
}
