import { createServer, type Server, type Socket } from "node:net";
import type { Load } from "../overload/load.ts";
import type { Runtime } from "../runtime.ts";
import { markConnection } from "./connection.ts";
import { type ListeningAt, listen } from "./listen.ts";
import type { ListenerSettings } from "./listener-options.ts";
import { createHttpServer, type HttpServer } from "./server.ts";

/** The listening side of a gateway: some places to listen at, and one HTTP server behind them all. */
export class Listeners {
  readonly #runtime: Runtime;
  readonly #http: HttpServer;
  readonly #servers: Server[] = [];
  #connections = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#http = createHttpServer(runtime);
  }

  /** Listens at every place, in order. Errors: a `GatewayError` for the first that cannot be had; `close` then lets go of those before it. */
  async open(listeners: readonly ListenerSettings[]): Promise<readonly ListeningAt[]> {
    const places: ListeningAt[] = [];
    for (const { place } of listeners) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
      this.#servers.push(server);
      places.push(await listen(server, place));
    }
    return places;
  }

  load(): Load {
    return { connections: this.#connections, exchanges: this.#http.exchanges() };
  }

  /** Closes connections on which nothing is asked. */
  closeIdle(): void {
    this.#http.closeIdle();
  }

  /** Takes no new connection, lets the requests in flight finish within `drainTimeoutMs`, then cuts what is left. */
  async close(): Promise<void> {
    const listening = this.#servers.filter((server) => server.listening);
    const closed = listening.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    await this.#http.close();
    await Promise.all(closed);
  }

  #accept(socket: Socket): void {
    if (this.#connections >= this.#runtime.limits.maxConnections) {
      socket.destroy();
      const message = "A connection was dropped: maxConnections is reached";
      return this.#runtime.onNotice({ level: "warning", code: "CONNECTION_DROPPED", message });
    }
    this.#connections += 1;
    socket.once("close", () => {
      this.#connections -= 1;
    });
    markConnection(socket, { peer: this.#runtime.peerOf(socket), isEncrypted: false });
    this.#http.serve(socket);
  }
}
