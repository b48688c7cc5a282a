import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { RequestHeader } from "./request-header.ts";

type RequestOptions = {
  readonly header: RequestHeader;
  /** The same as Node has joined it. */
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket;
};

/**
 * One HTTP/2 request as the phases read it. Its body is read from the stream only when it is asked for.
 *
 * Where its length was said, the piece with which it is reached is held back until the stream has ended. What comes behind it would make the request malformed, and to
 * HTTP/1.1 a body is whole with its last byte: the target would have acted on it already.
 *
 * Source: RFC 9113 §8.1.1.
 */
export class Http2Request extends Readable {
  readonly method: string;
  readonly url: string;
  readonly httpVersion = "2.0";
  readonly rawHeaders: string[];
  readonly headers: IncomingHttpHeaders;
  /** Complete when the body is. */
  readonly rawTrailers: string[] = [];
  readonly endsWithHeader: boolean;
  readonly socket: Socket;
  readonly #stream: ServerHttp2Stream;
  /** Of the length that was said; `NaN` when none was, which nothing reaches. */
  #missingBytes: number;
  #held: Buffer | undefined;
  #isRead = false;
  #isComplete: boolean;

  constructor(stream: ServerHttp2Stream, { header, headers, socket }: RequestOptions) {
    super();
    this.method = header.method;
    this.url = header.url;
    this.rawHeaders = header.fields;
    this.headers = headers;
    this.endsWithHeader = stream.endAfterHeaders;
    this.socket = socket;
    this.#stream = stream;
    this.#missingBytes = Number(headers["content-length"]);
    this.#isComplete = stream.endAfterHeaders;
    // Trailers come when they come, read or not.
    stream.once("trailers", (_headers: unknown, _flags: number, raw: readonly string[]) => void this.rawTrailers.push(...raw));
    // Without an end the client has left, or was told to stop: the body is not complete.
    stream.once("close", () => this.destroy());
  }

  /** Whether all of it has come. */
  get complete(): boolean {
    return this.#isComplete;
  }

  override _read(): void {
    if (!this.#isRead) this.#begin();
    this.#stream.resume();
  }

  #begin(): void {
    this.#isRead = true;
    // Without a byte Node tells of the end before anybody reads.
    if (this.#stream.readableEnded) return this.#end();
    this.#stream.on("data", (chunk: Buffer) => this.#pass(chunk));
    this.#stream.once("end", () => this.#end());
  }

  #pass(chunk: Buffer): void {
    this.#missingBytes -= chunk.length;
    if (this.#missingBytes <= 0) this.#held = chunk;
    else if (!this.push(chunk)) this.#stream.pause();
  }

  #end(): void {
    // A stream that was reset ends too, and half a body must not pass for a whole one.
    if (this.#stream.aborted) return void this.destroy();
    this.#isComplete = true;
    if (this.#held !== undefined) this.push(this.#held);
    this.push(null);
  }
}
