import { createServer, type Server, type Socket } from "node:net";
import type { Load } from "../overload/load.ts";
import { RepeatedNotices } from "../repeated-notice.ts";
import type { Runtime } from "../runtime.ts";
import { type Arrived, arrive, type Entrance } from "./arrival.ts";
import { type Connection, markConnection } from "./connection.ts";
import { type ListeningAt, listen } from "./listen.ts";
import type { ListenerSettings, Place } from "./listener-options.ts";
import { createHttpServer, type HttpServer } from "./server.ts";
import { Tls } from "./tls.ts";

/** The listening side of a gateway: some places to listen at, and one HTTP server behind them all. */
export class Listeners {
  readonly #runtime: Runtime;
  readonly #notices: RepeatedNotices;
  readonly #http: HttpServer;
  readonly #servers: Server[] = [];
  readonly #prepared: { readonly place: Place; readonly entrance: Entrance }[] = [];
  /** Connections that are not served yet. */
  readonly #arriving = new Set<Socket>();
  #connections = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#notices = new RepeatedNotices(runtime.onNotice);
    this.#http = createHttpServer(runtime);
  }

  /** Reads what the listeners need before anybody connects. Errors: `GATEWAY_CERTIFICATE_UNUSABLE`. */
  async prepare(listeners: readonly ListenerSettings[]): Promise<void> {
    for (const listener of listeners) this.#prepared.push({ place: listener.place, entrance: await this.#openEntrance(listener) });
  }

  /** Listens at every place that was prepared, in order. Errors: a `GatewayError` for the first that cannot be had; `close` then lets go of those before it. */
  async open(): Promise<readonly ListeningAt[]> {
    const places: ListeningAt[] = [];
    for (const { place, entrance } of this.#prepared) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket, entrance));
      this.#servers.push(server);
      places.push(await listen(server, { place, scheme: entrance.tls === undefined ? "http" : "https" }));
    }
    return places;
  }

  /** Reads the certificates of all listeners again. One that cannot be used changes nothing but for a notice. */
  async refreshCertificates(): Promise<void> {
    await Promise.all(this.#prepared.map(({ entrance }) => entrance.tls?.refresh()));
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
    for (const { entrance } of this.#prepared) entrance.tls?.close();
    await this.#http.close();
    await Promise.all(closed);
  }

  async #openEntrance({ proxies, tls: files }: ListenerSettings): Promise<Entrance> {
    if (files === undefined) return { proxies, tls: undefined };
    const { limits, onNotice } = this.#runtime;
    return { proxies, tls: await Tls.open(files, { limits, onNotice, protocols: ["http/1.1"] }) };
  }

  #accept(socket: Socket, entrance: Entrance): void {
    if (this.#connections >= this.#runtime.limits.maxConnections) {
      socket.destroy();
      return this.#notices.warn("CONNECTION_DROPPED", "A connection was dropped: maxConnections is reached");
    }
    this.#connections += 1;
    socket.once("close", () => {
      this.#connections -= 1;
    });
    const connection: Connection = { peer: this.#runtime.peerOf(socket), isEncrypted: false };
    if (entrance.proxies === undefined && entrance.tls === undefined) return this.#serve({ socket, connection });
    void this.#arrive(socket, { connection, entrance });
  }

  #serve({ socket, connection }: Arrived): void {
    markConnection(socket, connection);
    this.#http.serve(socket);
  }

  async #arrive(socket: Socket, { connection, entrance }: { connection: Connection; entrance: Entrance }): Promise<void> {
    // An error without a listener would end the process; the socket closes by itself.
    socket.on("error", () => undefined);
    this.#arriving.add(socket);
    const arrived = await arrive(socket, { connection, entrance, limits: this.#runtime.limits, notices: this.#notices });
    this.#arriving.delete(socket);
    if (arrived === undefined) socket.destroy();
    else this.#serve(arrived);
  }
}
