import { createServer, type Server, type Socket } from "node:net";
import { NOBODY, peerOfSocket } from "wherefrom/node";
import type { Load } from "../overload/load.ts";
import type { Runtime } from "../runtime.ts";
import { type Arrived, arrive, type Entrance } from "./arrival.ts";
import type { CertificateFiles, CertificateState } from "./certificate.ts";
import { type Connection, canonicalPeer } from "./connection.ts";
import type { HttpServer } from "./http-server.ts";
import { createHttp1Server } from "./http1-server.ts";
import { createHttp2Server } from "./http2/http2-server.ts";
import { KeptCertificate } from "./kept-certificate.ts";
import { type ListeningAt, listen } from "./listen.ts";
import type { ListenerSettings, Place } from "./listener-options.ts";
import { Tls } from "./tls.ts";

/** Resolves when one more connection would have been handed over if one waited. */
export type Turn = () => Promise<void>;

/** Two rounds: of the one that is under way, the part in which connections come may be over. */
export const turnOfLoop: Turn = async () => {
  for (let round = 0; round < 2; round += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** The listening side of a gateway: some places to listen at, and a server for each version of HTTP behind them all. */
export class Listeners {
  readonly #runtime: Runtime;
  readonly #http: Readonly<Record<Arrived["version"], HttpServer>>;
  readonly #servers: Server[] = [];
  readonly #prepared: { readonly place: Place; readonly entrance: Entrance }[] = [];
  /** By their files: what several listeners use is read and told once. */
  readonly #certificates = new Map<string, KeptCertificate>();
  /** Connections that are not served yet. */
  readonly #arriving = new Set<Socket>();
  #connections = 0;
  /** Connections that the system has handed over until now. */
  #handedOver = 0;
  /** Resolves when the last of them has come. Set while no further ones are to come. */
  #lastComes: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  /** Of each server that has stopped to listen: that its last connection is closed. */
  readonly #closed: Promise<void>[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#http = { 1: createHttp1Server(runtime), 2: createHttp2Server(runtime) };
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
    await Promise.all([...this.#certificates.values()].map((certificate) => certificate.refresh()));
  }

  certificates(): readonly CertificateState[] {
    return [...this.#certificates.values()].map(({ state }) => state);
  }

  load(): Load {
    return { connections: this.#connections, exchanges: this.#http[1].exchanges() + this.#http[2].exchanges() };
  }

  /** Closes connections on which nothing is asked. Timers come before what has been sent while the loop stood still, so that is read first. */
  async closeIdle(): Promise<void> {
    await turnOfLoop();
    for (const http of Object.values(this.#http)) http.closeIdle();
  }

  /**
   * Takes no new connection, and tells nobody. Resolves when those that the system had accepted by then are taken. `turn` resolves when whoever hands them
   * over has had the time for one: the loop of this process unless told otherwise.
   */
  async stop(turn: Turn = turnOfLoop): Promise<void> {
    this.#stopped ??= this.#stop(turn);
    await this.#stopped;
  }

  /** Takes no new connection, lets requests finish and WebSockets end within `drainTimeoutMs`, then cuts what is left. */
  async close(): Promise<void> {
    const { limits, tunnels } = this.#runtime;
    await this.stop();
    const closed = Promise.all(this.#closed);
    for (const http of Object.values(this.#http)) http.drain();
    tunnels.drain(limits.drainTimeoutMs);
    const graceTimer = setTimeout(() => void turnOfLoop().then(() => this.#endGrace()), limits.idleGraceMs);
    await within(closed, limits.drainTimeoutMs);
    clearTimeout(graceTimer);
    this.#tellCut();
    this.#cutArriving();
    for (const certificate of this.#certificates.values()) certificate.close();
    tunnels.destroy();
    for (const http of Object.values(this.#http)) http.cut();
    await closed;
  }

  /** Who waits for the end of the gateway learns what it has waited for. */
  #tellCut(): void {
    const { limits, tunnels, onNotice } = this.#runtime;
    const exchanges = Object.values(this.#http).reduce((sum, http) => sum + http.exchanges(), 0);
    if (exchanges + tunnels.size === 0) return;
    const message = `Requests and WebSockets that were open after drainTimeoutMs (${limits.drainTimeoutMs} ms) were cut: ${exchanges} and ${tunnels.size}`;
    onNotice({ level: "warning", code: "DRAIN_CUT", message });
  }

  async #stop(turn: Turn): Promise<void> {
    this.#lastComes = this.#takeWaiting(turn);
    await this.#lastComes;
    for (const server of this.#servers.filter(({ listening }) => listening)) {
      // A server is closed when its last connection is.
      this.#closed.push(new Promise((resolve) => server.close(() => resolve())));
    }
  }

  /** The system has connections that it has accepted and not handed over yet, which would be reset: a turn of the loop takes one of each place. */
  async #takeWaiting(turn: Turn): Promise<void> {
    const { limits, now } = this.#runtime;
    const untilMs = now() + limits.idleGraceMs;
    for (let before = -1; before !== this.#handedOver && now() < untilMs; ) {
      before = this.#handedOver;
      await turn();
    }
  }

  /** At one moment, and those that have not arrived first: one that came to be served between the two would be ended by neither. */
  #endGrace(): void {
    this.#cutArriving();
    for (const http of Object.values(this.#http)) http.endGrace();
  }

  #cutArriving(): void {
    for (const socket of this.#arriving) socket.destroy();
  }

  async #openEntrance({ proxies, tls: files, speaksHttp2, isEngine }: ListenerSettings): Promise<Entrance> {
    if (files === undefined) return { proxies, tls: undefined, speaksHttp2, isEngine };
    const { limits, ticketKeys } = this.#runtime;
    const protocols = speaksHttp2 ? ["h2", "http/1.1"] : ["http/1.1"];
    return { proxies, tls: new Tls(await this.#openCertificate(files), { limits, protocols, ticketKeys }), speaksHttp2, isEngine };
  }

  async #openCertificate(files: CertificateFiles): Promise<KeptCertificate> {
    const key = JSON.stringify([files.certFile, files.keyFile]);
    const { limits, onNotice } = this.#runtime;
    const certificate =
      this.#certificates.get(key) ?? (await KeptCertificate.open(files, { onNotice, now: Date.now, checkMs: limits.certificateCheckMs }));
    this.#certificates.set(key, certificate);
    return certificate;
  }

  #accept(socket: Socket, entrance: Entrance): void {
    this.#handedOver += 1;
    // Its client has reset it already: nobody is there to be answered, or to be believed.
    if (peerOfSocket(socket) === NOBODY) return void socket.destroy();
    const { limits, onNotice } = this.#runtime;
    if (this.#connections >= limits.maxConnections) {
      socket.destroy();
      return onNotice({ level: "warning", code: "CONNECTION_DROPPED", message: "A connection was dropped: maxConnections is reached" });
    }
    this.#connections += 1;
    socket.on("close", this.#onClose);
    const connection: Connection = { peer: canonicalPeer(this.#runtime.peerOf(socket)), isEncrypted: false, isEngine: entrance.isEngine };
    const { proxies, tls, speaksHttp2 } = entrance;
    if (proxies === undefined && tls === undefined && !speaksHttp2 && this.#lastComes === undefined)
      return this.#http[1].serve(socket, connection);
    void this.#arrive(socket, { connection, entrance });
  }

  readonly #onClose = (): void => {
    this.#connections -= 1;
  };

  async #arrive(socket: Socket, { connection, entrance }: { connection: Connection; entrance: Entrance }): Promise<void> {
    // An error without a listener would end the process; the socket closes by itself.
    socket.on("error", () => undefined);
    this.#arriving.add(socket);
    // Answered before the last has come, a busy client would come back as one more.
    await this.#lastComes;
    // What breaks on the way in breaks this connection and nothing else.
    const { limits, onNotice } = this.#runtime;
    const arrived = await arrive(socket, { connection, entrance, limits, onNotice }).catch(() => undefined);
    this.#arriving.delete(socket);
    if (arrived === undefined || arrived.socket.destroyed) socket.destroy();
    else this.#http[arrived.version].serve(arrived.socket, arrived.connection);
  }
}

/** Waits for work, and no longer than this. */
async function within(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeIsOver = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, timeIsOver]);
  clearTimeout(timer);
}
