import { request } from "node:http";
import { Duplex } from "node:stream";
import type { Exchange } from "../../exchange.ts";
import type { Fault } from "../../fault.ts";
import { responseFields } from "../response-fields.ts";
import { faultOf, invalidUpgrade } from "../upstream-fault.ts";

type DeclinedParts = {
  /** The connection on which the handshake was sent. */
  readonly upstream: Duplex;
  /** What has come on it. */
  readonly received: Buffer;
  readonly maxHeaderBytes: number;
  readonly fail: (answer: Fault) => void;
};

/** Passes on the ordinary response of a target that does not want a WebSocket. Node's own client reads it, from a connection that has been spoken on already. */
export function relayDeclined(exchange: Exchange, { upstream, received, maxHeaderBytes, fail }: DeclinedParts): void {
  const { response } = exchange;
  const reader = request({ createConnection: () => new Replay(upstream, received), maxHeaderSize: maxHeaderBytes });
  reader.on("error", (error) => fail(faultOf(error)));
  reader.once("upgrade", () => fail(invalidUpgrade));
  reader.once("response", (incoming) => {
    const { statusCode = 0, rawHeaders } = incoming;
    if (response.headersSent) return void reader.destroy();
    exchange.status = statusCode;
    response.writeHead(statusCode, [...responseFields(rawHeaders, statusCode), "Connection", "close"]);
    incoming.on("error", () => response.destroy());
    incoming.on("data", (chunk: Buffer) => {
      exchange.responseBytes += chunk.length;
    });
    incoming.pipe(response);
  });
  reader.end();
}

/** A connection that says once more what it has said, and then goes on. What is written to it was sent before, and is dropped. */
class Replay extends Duplex {
  readonly #connection: Duplex;

  constructor(connection: Duplex, received: Buffer) {
    super();
    this.#connection = connection;
    this.push(received);
    connection.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) connection.pause();
    });
    connection.on("end", () => this.push(null));
    connection.on("error", (error) => this.destroy(error));
    connection.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#connection.resume();
  }

  override _write(_chunk: unknown, _encoding: unknown, callback: () => void): void {
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#connection.destroy();
    callback(error);
  }
}
