import { createServer, type Server, type Socket } from "node:net";
import { escapeText } from "wherefrom";
import type { Load } from "../overload/load.ts";
import { RepeatedNotices } from "../repeated-notice.ts";
import type { Runtime } from "../runtime.ts";
import { type Connection, markConnection } from "./connection.ts";
import { type ListeningAt, listen } from "./listen.ts";
import type { ListenerSettings } from "./listener-options.ts";
import { readProxied } from "./proxied.ts";
import { createHttpServer, type HttpServer } from "./server.ts";

/** The listening side of a gateway: some places to listen at, and one HTTP server behind them all. */
export class Listeners {
  readonly #runtime: Runtime;
  readonly #notices: RepeatedNotices;
  readonly #http: HttpServer;
  readonly #servers: Server[] = [];
  /** Connections that are not served yet. */
  readonly #arriving = new Set<Socket>();
  #connections = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#notices = new RepeatedNotices(runtime.onNotice);
    this.#http = createHttpServer(runtime);
  }

  /** Listens at every place, in order. Errors: a `GatewayError` for the first that cannot be had; `close` then lets go of those before it. */
  async open(listeners: readonly ListenerSettings[]): Promise<readonly ListeningAt[]> {
    const places: ListeningAt[] = [];
    for (const listener of listeners) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket, listener));
      this.#servers.push(server);
      places.push(await listen(server, listener.place));
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
    for (const socket of this.#arriving) socket.destroy();
    await this.#http.close();
    await Promise.all(closed);
  }

  #accept(socket: Socket, listener: ListenerSettings): void {
    if (this.#connections >= this.#runtime.limits.maxConnections) {
      socket.destroy();
      return this.#notices.warn("CONNECTION_DROPPED", "A connection was dropped: maxConnections is reached");
    }
    this.#connections += 1;
    socket.once("close", () => {
      this.#connections -= 1;
    });
    const connection: Connection = { peer: this.#runtime.peerOf(socket), isEncrypted: false };
    if (listener.proxies === undefined) return this.#serve(socket, connection);
    void this.#arrive(socket, { connection, listener });
  }

  #serve(socket: Socket, connection: Connection): void {
    markConnection(socket, connection);
    this.#http.serve(socket);
  }

  /** Takes a connection through what stands before its first request. */
  async #arrive(socket: Socket, { connection, listener }: { connection: Connection; listener: ListenerSettings }): Promise<void> {
    // An error without a listener would end the process; the socket closes by itself.
    socket.on("error", () => undefined);
    this.#arriving.add(socket);
    const carried = await this.#identify(socket, { connection, listener });
    this.#arriving.delete(socket);
    if (carried === undefined) socket.destroy();
    else this.#serve(socket, carried);
  }

  /** Whom the connection is from, by its PROXY protocol header where one is required; `undefined` when it is to be closed. */
  async #identify(
    socket: Socket,
    { connection, listener: { proxies } }: { connection: Connection; listener: ListenerSettings },
  ): Promise<Connection | undefined> {
    if (proxies === undefined) return connection;
    const sender = connection.peer === undefined ? "unix:" : escapeText(connection.peer);
    if (!proxies(connection.peer)) {
      this.#notices.warn("PROXY_PEER_REFUSED", `A connection from ${sender} was closed: it is none of the listener's trustedPeers`);
      return undefined;
    }
    const proxied = await readProxied(socket, this.#runtime.limits);
    if (proxied.kind === "refused") {
      // One that only looks whether the port is open has nothing to say.
      if (proxied.reason !== "closed")
        this.#notices.warn(
          "PROXY_HEADER_REFUSED",
          `A connection from ${sender} was closed: its PROXY protocol header is ${proxied.reason}`,
        );
      return undefined;
    }
    const { header } = proxied;
    return header.kind === "own" ? connection : { peer: header.peer, isEncrypted: header.isOverTls };
  }
}
