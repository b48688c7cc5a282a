import { Http2Connection, type Http2Context } from "./http2-connection.ts";
import type { AnswerHandler, Outgoing } from "./outgoing.ts";

/**
 * The HTTP/2 connections to one target: as few as its streams fit into. By Node's client: undici's gives each body a connection of its own, and
 * takes a polite GOAWAY for a broken connection.
 *
 * Source: RFC 9113 §5.1.2 (streams at a time), §6.8 (GOAWAY), §9.1.
 */
export class Http2Connections {
  readonly #context: Http2Context;
  readonly #connections = new Set<Http2Connection>();
  #whenClosed: (() => void) | undefined;

  constructor(context: Http2Context) {
    this.#context = context;
  }

  send(outgoing: Outgoing, handler: AnswerHandler): void {
    const connection = this.#withRoom() ?? this.#open();
    connection.send({ outgoing, handler });
  }

  /** Lets the requests in flight finish. */
  async close(): Promise<void> {
    if (this.#connections.size === 0) return;
    const closed = new Promise<void>((resolve) => {
      this.#whenClosed = resolve;
    });
    for (const connection of this.#connections) connection.close();
    await closed;
  }

  /** Cuts every connection. */
  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /** A connection with room for one more; when there may be no further one, the least busy, where it waits. */
  #withRoom(): Http2Connection | undefined {
    let leastBusy: Http2Connection | undefined;
    for (const connection of this.#connections) {
      if (!connection.isUsable) continue;
      if (connection.open < connection.maxStreams) return connection;
      if (leastBusy === undefined || connection.open < leastBusy.open) leastBusy = connection;
    }
    return this.#connections.size < this.#context.limits.maxUpstreamConnections ? undefined : leastBusy;
  }

  #open(): Http2Connection {
    const connection = new Http2Connection(this.#context, {
      onClose: () => {
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#whenClosed?.();
      },
    });
    this.#connections.add(connection);
    return connection;
  }
}
