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

/** One HTTP/2 request as the phases read it. Its body is read from the stream only when it is asked for. */
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
    this.#stream.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) this.#stream.pause();
    });
    this.#stream.once("end", () => this.#end());
  }

  #end(): void {
    // A stream that was reset ends too, and half a body must not pass for a whole one.
    if (this.#stream.aborted) return void this.destroy();
    this.#isComplete = true;
    this.push(null);
  }
}
