import type { Socket } from "node:net";
import type { ClientRequest, ClientResponse, Upgrade } from "../client-message.ts";
import type { Exchange } from "../exchange.ts";
import type { Fault } from "../fault.ts";
import type { GatewayLimits } from "../limits.ts";
import { faultText } from "./client-error.ts";

/** What a request is answered by: the upgrade agrees to leave HTTP, where that is asked for, and the response is for anything else. */
export type Answering = { readonly response: ClientResponse; readonly upgrade?: Upgrade };

/** A request as it was read from the connection. */
export type Turn = {
  readonly request: ClientRequest;
  readonly expectsContinue: boolean;
  /** Whether it would leave HTTP: behind it there is no request. */
  readonly isUpgrade: boolean;
  /** Takes the connection over for the answer, when it is its turn. */
  readonly takeOver: () => Answering;
};

export type PipelineContext = {
  readonly limits: GatewayLimits;
  /** Makes an exchange of a request whose turn it is; the last on its connection by the number of them closes it. */
  readonly begin: (turn: Turn, isLast: boolean) => Exchange;
  /** Whether a connection on which nothing is asked may stay. */
  readonly keepsIdle: () => boolean;
};

/**
 * The requests of one HTTP/1 connection, one after another. Node hands out all that a client has sent ahead, also what stands behind a request
 * that was refused: here a request waits until the one before it is answered, and behind a last answer there is none.
 *
 * Source: RFC 9112 §9.3.2 (only safe methods may be served side by side), §9.6 (nothing is processed behind a last answer).
 */
export class Pipeline {
  readonly #socket: Socket;
  readonly #context: PipelineContext;
  #current: Exchange | undefined;
  #waiting: Turn[] = [];
  #taken = 0;
  /** Among those of one server. */
  place = -1;
  /** Set when nothing more is taken: what ends the connection when all that was taken is answered. */
  #finale: (() => void) | undefined;

  constructor(socket: Socket, context: PipelineContext) {
    this.#socket = socket;
    this.#context = context;
  }

  /** Whether nothing is asked on the connection, and anything may be. */
  get isIdle(): boolean {
    return this.#current === undefined && this.#finale === undefined;
  }

  /** Whether a request has come on it. */
  get hasTaken(): boolean {
    return this.#taken > 0;
  }

  take(turn: Turn): void {
    if (this.#finale !== undefined) return;
    if (this.#current === undefined) return this.#begin(turn);
    this.#waiting.push(turn);
    if (this.#waiting.length >= this.#context.limits.maxPipelinedRequests) this.#takeNoMore(() => this.linger());
  }

  /** The exchange whose turn it is gives the last answer: what the client has sent behind it is no request. */
  endWithAnswer(): void {
    this.#waiting = [];
    this.#takeNoMore(() => undefined);
  }

  /**
   * Answers bytes that are no request, or did not come in time. A fault inside the body of a request is that request's answer; where its answer is under
   * way, another would be read as part of it, so the connection is cut. A fault behind whole requests is answered when they are.
   */
  fail(answer: Fault): void {
    // Node reports each further piece of what it cannot read.
    if (this.#finale !== undefined) return;
    if (this.#waiting.at(-1)?.request.complete === false) this.#waiting.pop();
    else if (this.#waiting.length === 0 && this.#current?.request.complete === false) return this.#failCurrent(this.#current, answer);
    this.#takeNoMore(() => {
      this.#socket.write(faultText(answer));
      this.linger();
    });
    if (this.#current === undefined) this.#next();
  }

  /** Ends the connection if it has served a request and none is asked on it. One that has not asked for anything yet is on its way to. */
  closeIdle(): void {
    if (this.hasTaken && this.isIdle) this.linger();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends, and listens on until the far end has ended too: closing on a client that is still sending would take the answer from it (RFC 9112 §9.6). */
  linger(): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), this.#context.limits.lingerTimeoutMs);
    socket.once("close", () => clearTimeout(timer));
  }

  #begin(turn: Turn): void {
    const { limits, begin } = this.#context;
    this.#taken += 1;
    // Whatever becomes of it, it is no connection of HTTP any more.
    if (turn.isUpgrade) this.#finale = () => undefined;
    this.#current = begin(turn, this.#taken >= limits.maxRequestsPerConnection);
    this.#current.whenOver(this.#next);
  }

  readonly #next = (): void => {
    this.#current = undefined;
    // An answer may have been the last by its own fields.
    if (!this.#socket.writable) return;
    const turn = this.#waiting.shift();
    if (turn !== undefined) this.#begin(turn);
    else if (this.#finale !== undefined) this.#finale();
    else if (!this.#context.keepsIdle()) this.linger();
  };

  #failCurrent(exchange: Exchange, answer: Fault): void {
    if (exchange.response.headersSent) this.#socket.destroy();
    else exchange.refuse(answer);
  }

  #takeNoMore(finale: () => void): void {
    this.#finale = finale;
    // Node's parser reads what it gets by this event. From here on it gets nothing, and what comes is dropped.
    this.#socket.removeAllListeners("data");
    this.#socket.on("data", () => undefined);
  }
}

const PIPELINE = Symbol("pipeline");

type Marked = { [PIPELINE]?: Pipeline };

/** Begins to serve a connection of HTTP/1. */
export function openPipeline(socket: Socket, context: PipelineContext): Pipeline {
  const pipeline = new Pipeline(socket, context);
  (socket as Marked)[PIPELINE] = pipeline;
  // Node calls it behind a last answer. Its own would close at once, and a client that is still sending would lose the answer.
  socket.destroySoon = linger;
  return pipeline;
}

/** All sockets share it: with a function of its own each is kept until all of the heap is collected. */
function linger(this: Socket): void {
  pipelineOf(this).linger();
}

/** The pipeline of a connection that is served. */
export function pipelineOf(socket: Socket): Pipeline {
  const pipeline = (socket as Marked)[PIPELINE];
  if (pipeline === undefined) throw new Error("This connection is not served");
  return pipeline;
}
