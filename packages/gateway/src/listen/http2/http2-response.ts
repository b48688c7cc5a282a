import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Writable } from "node:stream";
import { fieldsByName } from "../../http2-fields.ts";

const { NGHTTP2_INTERNAL_ERROR } = constants;

/** One HTTP/2 response as the phases write it. Breaking it off resets its stream and leaves the others alone. */
export class Http2Response extends Writable {
  shouldKeepAlive = true;
  readonly #stream: ServerHttp2Stream;
  #trailers: OutgoingHttpHeaders = {};

  constructor(stream: ServerHttp2Stream) {
    super();
    this.#stream = stream;
    stream.once("wantTrailers", () => {
      if (!this.#isGone) stream.sendTrailers(this.#trailers);
    });
    stream.once("close", () => this.destroy());
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  /** Reset, by the client as a rule. Writing to such a stream throws. */
  get #isGone(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  writeContinue(): void {
    if (!this.headersSent && !this.#isGone) this.#stream.additionalHeaders({ ":status": 100 });
  }

  writeEarlyHints({ link }: { readonly link: string[] }): void {
    if (link.length > 0 && !this.headersSent && !this.#isGone) this.#stream.additionalHeaders({ ":status": 103, link });
  }

  /** The reason phrase does not exist in HTTP/2. */
  writeHead(status: number, ...rest: [fields: string[]] | [reason: string, fields: string[]]): this {
    const fields = rest.length === 1 ? rest[0] : rest[1];
    if (this.headersSent || this.#isGone) return this;
    this.#stream.respond({ ":status": status, ...fieldsByName(fields) }, { waitForTrailers: true });
    return this;
  }

  addTrailers(pairs: [string, string][]): void {
    this.#trailers = fieldsByName(pairs.flat());
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    // The header has gone when it was written: nothing has to push it.
    if (chunk.length === 0 || this.#isGone || this.#stream.writableEnded) return callback();
    this.#stream.write(chunk, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#isGone || this.#stream.writableEnded) return callback();
    this.#stream.end(callback);
  }

  /** RFC 9113 §8.1: a response without its end is an error of the stream. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#stream.closed && !this.writableFinished) this.#stream.close(NGHTTP2_INTERNAL_ERROR);
    callback(error);
  }
}
