import { request } from "node:http";
import { Duplex } from "node:stream";
import { Deadline } from "../../deadline.ts";
import type { Exchange } from "../../exchange.ts";
import type { CompiledRoute } from "../../route/route-table.ts";
import type { Runtime } from "../../runtime.ts";
import { Attempt } from "../attempt.ts";
import { readAnswer } from "../connect/node-answer.ts";
import type { Upstream } from "../upstream.ts";
import { upstreamError } from "../upstream-error.ts";
import { invalidUpgrade } from "../upstream-fault.ts";

type DeclinedParts = {
  /** The connection on which the handshake was sent. It is closed with the exchange. */
  readonly connection: Duplex;
  /** What has come on it. */
  readonly received: Buffer;
  readonly upstream: Upstream;
  readonly route: CompiledRoute;
  readonly runtime: Runtime;
};

/**
 * Passes on the ordinary response of a target that does not want a WebSocket, by the rules and within the times of any other. Node's own client reads it,
 * from a connection that has been spoken on already.
 */
export function relayDeclined(exchange: Exchange, { connection, received, upstream, route, runtime }: DeclinedParts): void {
  const { limits } = runtime;
  const { headersTimeoutMs = limits.upstreamHeadersTimeoutMs, bodyTimeoutMs = limits.bodyTimeoutMs } = upstream.target;
  const attempt = new Attempt({ exchange, route, runtime, body: null, ...once }, { upstream, beganAtMs: exchange.startedAtMs });
  const reader = request({ createConnection: () => new Replay(connection, received), maxHeaderSize: limits.maxHeaderBytes });
  const deadline = new Deadline(headersTimeoutMs, () =>
    reader.destroy(upstreamError("UPSTREAM_TIMEOUT", `No answer within ${headersTimeoutMs} ms`)),
  );
  exchange.whenOver(() => {
    deadline.stop();
    attempt.leave();
    connection.destroy();
  });
  attempt.onConnect((reason) => reader.destroy(reason));
  reader.once("response", () => deadline.stop());
  reader.once("upgrade", () => attempt.fail(invalidUpgrade));
  readAnswer(reader, { handler: attempt, bodyTimeoutMs });
  reader.end();
}

/** A handshake is sent once: the target has looked at it. */
const once = { isRepeatable: () => false, retriesAfter: () => false };

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
    // Behind an upgrade Node does not listen any more, and an error that nobody hears would end the process.
    this.on("error", () => undefined);
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
