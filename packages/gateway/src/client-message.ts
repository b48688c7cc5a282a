import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";

/** The header of a request, in HTTP/1's words: a field `Host`, no pseudo-header, `Upgrade` where a WebSocket is asked for. */
type RequestHeader = Pick<IncomingMessage, "method" | "url" | "httpVersion" | "rawHeaders" | "rawTrailers" | "complete" | "socket">;

/** A request that may have a body, which is what it streams. `IncomingMessage` is one as it is. */
export type StreamedRequest = Readable &
  RequestHeader &
  Pick<IncomingMessage, "headers"> & {
    /** Set where the version frames a body by itself, as HTTP/2 does: whether nothing follows the header. */
    readonly endsWithHeader?: boolean;
  };

/** A request that has no body, as is known from how it was read. */
export type BodilessRequest = RequestHeader & { readonly endsWithHeader: true; readonly headers?: undefined };

/** A request as the phases read it. */
export type ClientRequest = StreamedRequest | BodilessRequest;

/** The answer to one request as the phases write it. `ServerResponse` is one as it is. Fields are `[name, value, name, value]`. */
export type ClientResponse = {
  readonly headersSent: boolean;
  readonly writableLength: number;
  readonly writableEnded: boolean;
  readonly writableFinished: boolean;
  /** The connection, where one answer at a time has it for itself and whoever writes may cork it. */
  readonly socket?: Socket | null;
  /** Whether the connection may serve another request. Where HTTP/2 is spoken, GOAWAY says that, and this nothing. */
  shouldKeepAlive: boolean;
  on(event: ResponseEvent, listener: () => void): unknown;
  once(event: ResponseEvent, listener: () => void): unknown;
  writeContinue(): void;
  /** 103 with Link fields. Absent where an answer is no message of HTTP. */
  writeEarlyHints?(hints: { readonly link: string[] }): void;
  writeHead(status: number, fields: string[]): unknown;
  writeHead(status: number, reason: string, fields: string[]): unknown;
  /** `false` asks to wait for `drain`. */
  write(chunk: Buffer): boolean;
  write(text: string, encoding: "latin1"): boolean;
  addTrailers(pairs: [string, string][]): void;
  end(chunk?: Buffer | string): unknown;
  /** Breaks the answer off. */
  destroy(): unknown;
};

type ResponseEvent = "drain" | "finish" | "close" | "error";

/** What an upgrade brings beside the request. Until `open` its answer is an ordinary response. */
export type Upgrade = {
  /** What the WebSocket speaks over. */
  readonly duplex: Duplex;
  /** What the client has sent behind the handshake. */
  readonly head: Buffer;
  /** Agrees to the handshake, with the fields of the target's answer. What is written to `duplex` from then on is the WebSocket's. */
  open(fields: readonly string[]): void;
};
