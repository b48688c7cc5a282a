import type { Socket } from "node:net";
import type { Placed } from "../../places.ts";
import { takeOver } from "../http1-upgrade.ts";
import type { Pipeline, Turn } from "../pipeline.ts";
import { readPlainHead } from "./plain-head.ts";
import { PlainRequest } from "./plain-request.ts";
import { PlainResponse } from "./plain-response.ts";

/** What all plain connections of a server share. */
export type PlainContext = {
  readonly maxHeaderBytes: number;
  readonly keepAliveTimeoutMs: number;
  /** Gives the connection to Node's parser, which gets what was read first. */
  readonly handOver: (connection: PlainConnection, bytes: Buffer) => void;
  /** Nothing plain comes on it any more: it is closed, or has left HTTP. */
  readonly onEnd: (connection: PlainConnection) => void;
};

/**
 * A connection of HTTP/1 on which all requests until now were plain. They are read here, one at a time: whatever comes that is no plain request, or before the one
 * before it is answered, gives the connection to Node's parser for the rest of its life.
 */
export class PlainConnection implements Placed {
  readonly socket: Socket;
  readonly pipeline: Pipeline;
  readonly #context: PlainContext;
  #response: PlainResponse | undefined;
  /** How often it was looked at since anything was asked on it. */
  idleLooks = 0;
  /** Among those of one server. */
  place = -1;

  constructor(socket: Socket, { pipeline, context }: { readonly pipeline: Pipeline; readonly context: PlainContext }) {
    this.socket = socket;
    this.pipeline = pipeline;
    this.#context = context;
    (socket as Marked)[PLAIN] = this;
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("drain", onDrain);
    socket.on("error", onError);
    socket.on("close", onClose);
  }

  said(bytes: Buffer): void {
    const { maxHeaderBytes, handOver } = this.#context;
    const head = bytes.length <= maxHeaderBytes && this.pipeline.isIdle ? readPlainHead(bytes) : undefined;
    if (head === undefined) {
      this.#stopReading();
      return handOver(this, bytes);
    }
    this.idleLooks = 0;
    const request = new PlainRequest(head, this.socket);
    if (head.isUpgrade) this.#leave(request);
    else this.pipeline.take(this.#turnOf(request));
  }

  drained(): void {
    this.#response?.drained();
  }

  closed(): void {
    this.#response?.close();
    this.#context.onEnd(this);
  }

  #turnOf(request: PlainRequest): Turn {
    return { request, expectsContinue: false, isUpgrade: false, takeOver: () => ({ response: this.#respondTo(request) }) };
  }

  #respondTo({ method }: PlainRequest): PlainResponse {
    const response = new PlainResponse(this.socket, {
      method,
      keepAliveTimeoutMs: this.#context.keepAliveTimeoutMs,
      onFinished: this.#onFinished,
    });
    this.#response = response;
    return response;
  }

  readonly #onFinished = ({ shouldKeepAlive }: PlainResponse): void => {
    this.#response = undefined;
    if (!shouldKeepAlive) this.pipeline.linger();
  };

  /** Whatever becomes of the handshake, no request follows. What comes until somebody takes the connection waits for who does. */
  #leave(request: PlainRequest): void {
    this.#stopReading();
    this.#context.onEnd(this);
    this.pipeline.take({ request, expectsContinue: false, isUpgrade: true, takeOver: () => takeOver(request, NOTHING) });
    if (this.socket.listenerCount("data") === 0) this.socket.pause();
  }

  #stopReading(): void {
    this.socket.off("data", onData);
    this.socket.off("end", onEnd);
  }
}

const NOTHING = Buffer.alloc(0);

const PLAIN = Symbol("plain");

/** All of them share the listeners below: a socket finds its connection by a property. */
type Marked = Socket & { [PLAIN]?: PlainConnection };

function onData(this: Socket, bytes: Buffer): void {
  (this as Marked)[PLAIN]?.said(bytes);
}

/** As Node does: a client that ends has no use for an answer. */
function onEnd(this: Socket): void {
  this.end();
}

function onDrain(this: Socket): void {
  (this as Marked)[PLAIN]?.drained();
}

/** One that nobody hears would end the process. */
function onError(this: Socket): void {
  this.destroy();
}

function onClose(this: Socket): void {
  (this as Marked)[PLAIN]?.closed();
}
