import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from "node:tls";
import { Deadline } from "../deadline.ts";
import type { GatewayLimits } from "../limits.ts";
import type { KeptCertificate } from "./kept-certificate.ts";

type TlsParts = {
  readonly limits: GatewayLimits;
  /** What may be spoken, the preferred first, by its ALPN names. */
  readonly protocols: readonly string[];
  /** What session tickets are sealed with, where others are to open them: 48 bytes. Of its own otherwise. */
  readonly ticketKeys: Buffer | undefined;
};

/** Makes TLS of the connections of one listener. It listens nowhere itself. */
export class Tls {
  readonly #server: Server;
  readonly #limits: GatewayLimits;
  /** Connections whose handshake is not over, and who waits for it. */
  readonly #handshakes = new Map<Socket, (secure: TLSSocket | undefined) => void>();

  constructor(certificate: KeptCertificate, { limits, protocols, ticketKeys }: TlsParts) {
    const server = createServer({ ALPNProtocols: [...protocols] });
    this.#server = server;
    this.#limits = limits;
    certificate.follow(({ options }) => server.setSecureContext({ ...strict, ...options, ...(ticketKeys && { ticketKeys }) }));
    server.on("secureConnection", (secure) => this.#settle(carrierOf(secure), secure));
    // Node tells about it and leaves the connection to us, also when its handshake is long over.
    server.on("tlsClientError", (_error, secure) => secure.destroy());
  }

  /** Handshakes that are not over. */
  get handshakes(): number {
    return this.#handshakes.size;
  }

  /** Shakes hands over a connection; `undefined` when that fails or takes too long, and the connection is then the caller's to close. */
  handshake(socket: Socket): Promise<TLSSocket | undefined> {
    return new Promise((resolve) => {
      // Of all that the client says, however it trickles in: Node's own time begins anew with each byte.
      const deadline = new Deadline(this.#limits.tlsHandshakeTimeoutMs, () => this.#settle(socket, undefined));
      const onClose = (): void => this.#settle(socket, undefined);
      this.#handshakes.set(socket, (secure) => {
        deadline.stop();
        socket.off("close", onClose);
        resolve(secure);
      });
      socket.once("close", onClose);
      this.#server.emit("connection", socket);
    });
  }

  /** A TLS connection that nobody waits for is one of whose client nothing is known. */
  #settle(socket: Socket | undefined, secure: TLSSocket | undefined): void {
    const settle = socket && this.#handshakes.get(socket);
    if (socket === undefined || settle === undefined) return void secure?.destroy();
    this.#handshakes.delete(socket);
    settle(secure);
  }
}

/** RFC 9325 §3.1.1 on versions; a client that renegotiates makes the gateway work for nothing. */
const strict: SecureContextOptions = {
  minVersion: "TLSv1.2",
  honorCipherOrder: true,
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
};

/**
 * The connection that a TLS connection runs over. Node has no documented word for it: of its public ones, addresses and ports are those of the load balancer and the
 * same for whoever it carries. Where the field is missing nobody is found, and the connection is cut.
 */
export function carrierOf(secure: TLSSocket): Socket | undefined {
  return (secure as unknown as { readonly _parent?: Socket })._parent;
}
