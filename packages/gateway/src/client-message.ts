import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex, Readable, Writable } from "node:stream";

/**
 * A request as the phases read it, in HTTP/1's words: a field `Host`, no pseudo-header, `Upgrade` where a WebSocket is asked for. `IncomingMessage` is
 * one as it is.
 */
export type ClientRequest = Readable &
  Pick<IncomingMessage, "method" | "url" | "httpVersion" | "rawHeaders" | "headers" | "rawTrailers" | "complete" | "socket"> & {
    /** Set where the version frames a body by itself, as HTTP/2 does: whether nothing follows the header. */
    readonly endsWithHeader?: boolean;
  };

/** The answer to one request as the phases write it. `ServerResponse` is one as it is. Fields are `[name, value, name, value]`. */
export type ClientResponse = Writable & {
  readonly headersSent: boolean;
  /** The connection, where one answer at a time has it for itself. */
  readonly socket?: Socket | null;
  /** Whether the connection may serve another request. Where HTTP/2 is spoken, GOAWAY says that, and this nothing. */
  shouldKeepAlive: boolean;
  writeContinue(): void;
  /** 103 with Link fields. Absent where an answer is no message of HTTP. */
  writeEarlyHints?(hints: { readonly link: string[] }): void;
  writeHead(status: number, fields: string[]): unknown;
  writeHead(status: number, reason: string, fields: string[]): unknown;
  addTrailers(pairs: [string, string][]): void;
};

/** What an upgrade brings beside the request. Until `open` its answer is an ordinary response. */
export type Upgrade = {
  /** What the WebSocket speaks over. */
  readonly duplex: Duplex;
  /** What the client has sent behind the handshake. */
  readonly head: Buffer;
  /** Agrees to the handshake, with the fields of the target's answer. What is written to `duplex` from then on is the WebSocket's. */
  open(fields: readonly string[]): void;
};
