import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { ClientResponse } from "../../client-message.ts";
import { type Framing, responseHead, trailerText } from "./response-head.ts";

const NOTHING = Buffer.alloc(0);

type ResponseParts = {
  readonly method: string;
  readonly keepAliveTimeoutMs: number;
  /** All of it has gone to the system: the connection is free again, or ends here. */
  readonly onFinished: (response: PlainResponse) => void;
};

/** The answer to a plain request: the bytes that Node's `ServerResponse` would write, and its events that anybody here listens to. */
export class PlainResponse extends EventEmitter implements ClientResponse {
  readonly #socket: Socket;
  readonly #parts: ResponseParts;
  shouldKeepAlive = true;
  headersSent = false;
  writableEnded = false;
  writableFinished = false;
  /** Until a byte of the body shares a packet with it. */
  #head = "";
  #framing: Framing = "none";
  #trailers = "";
  #isCorked = false;
  /** Pieces that have not gone to the system yet. */
  #waiting = 0;
  #isClosed = false;

  constructor(socket: Socket, parts: ResponseParts) {
    super();
    this.#socket = socket;
    this.#parts = parts;
  }

  get writableLength(): number {
    return this.#head.length + this.#socket.writableLength;
  }

  /** Nobody who waits for it asks plainly. */
  writeContinue(): void {}

  /** Nothing is written before there is more: a body as a rule. */
  writeHead(status: number, ...rest: readonly [fields: string[]] | readonly [reason: string, fields: string[]]): void {
    const [reason, fields] = rest.length === 1 ? [undefined, rest[0]] : rest;
    const { method, keepAliveTimeoutMs } = this.#parts;
    const head = responseHead({ status, reason, fields, method, keepsAlive: this.shouldKeepAlive, keepAliveTimeoutMs });
    this.#head = head.text;
    this.#framing = head.framing;
    this.shouldKeepAlive = head.keepsAlive;
    this.headersSent = true;
  }

  write(chunk: Buffer | string): boolean {
    if (this.#head !== "") {
      this.#cork();
      this.#writeHeader();
    }
    return this.#writeBody(chunk);
  }

  addTrailers(pairs: [string, string][]): void {
    if (this.#framing === "chunks") this.#trailers += trailerText(pairs);
  }

  /** A whole body that comes with the end goes out in one piece with its header. */
  end(chunk: Buffer | string = NOTHING): void {
    if (this.writableEnded) return;
    this.writableEnded = true;
    const body = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (this.#head !== "" && this.#framing === "length") this.#writeHeader(body.toString("latin1"));
    else if (body.length > 0) this.write(body);
    else if (this.#head !== "") this.#writeHeader();
    if (this.#framing === "chunks") this.#send(`0\r\n${this.#trailers}\r\n`);
    this.#uncork();
    if (this.#waiting === 0) process.nextTick(finish, this);
  }

  /** Breaks off: with the connection, as nothing else tells the client so. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** The connection takes more. */
  drained(): void {
    this.emit("drain");
  }

  /** The connection is closed. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.emit("close");
  }

  /** All has gone, or will never. */
  finish(): void {
    if (this.writableFinished || this.#isClosed) return;
    this.writableFinished = true;
    this.emit("finish");
    this.#parts.onFinished(this);
    this.close();
  }

  /** Lets go of the connection, which is no longer one of HTTP. */
  release(): void {
    this.#isClosed = true;
  }

  #writeHeader(text = ""): void {
    const head = this.#head;
    this.#head = "";
    this.#send(head + text);
  }

  #writeBody(chunk: Buffer | string): boolean {
    if (this.#framing === "none" || chunk.length === 0) return true;
    if (this.#framing === "length") return this.#send(chunk);
    this.#cork();
    this.#send(`${Buffer.byteLength(chunk, "latin1").toString(16)}\r\n`);
    this.#send(chunk);
    return this.#send("\r\n");
  }

  #send(piece: Buffer | string): boolean {
    this.#waiting += 1;
    return this.#socket.write(piece, "latin1", this.#onWritten);
  }

  readonly #onWritten = (error?: Error | null): void => {
    this.#waiting -= 1;
    if (this.#waiting === 0 && this.writableEnded && !error) this.finish();
  };

  /** What is written in this turn goes out together. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    process.nextTick(uncork, this);
  }

  #uncork(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#socket.uncork();
  }

  static uncork(response: PlainResponse): void {
    response.#uncork();
  }
}

const { uncork } = PlainResponse;

function finish(response: PlainResponse): void {
  response.finish();
}
