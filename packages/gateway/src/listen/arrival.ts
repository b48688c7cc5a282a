import type { Socket } from "node:net";
import { escapeText } from "wherefrom";
import type { GatewayLimits } from "../limits.ts";
import type { Notice } from "../notice.ts";
import type { PeerGate } from "../peer-gate.ts";
import type { Connection } from "./connection.ts";
import { readVersion } from "./http2/preface.ts";
import { readProxied } from "./proxied.ts";
import type { Tls } from "./tls.ts";

/** How connections of one listener come in. */
export type Entrance = {
  /** Who may connect, with a PROXY protocol header; `undefined` where none is spoken. */
  readonly proxies: PeerGate | undefined;
  readonly tls: Tls | undefined;
  /** Whether HTTP/2 may be spoken: by ALPN with TLS, by prior knowledge without. */
  readonly speaksHttp2: boolean;
  /** Who may ask for decisions here; `undefined` for a listener of clients. */
  readonly isEngine: PeerGate | undefined;
};

/** A connection that can be served. `socket` is what HTTP is spoken over. */
export type Arrived = { readonly socket: Socket; readonly connection: Connection; readonly version: 1 | 2 };

type ArrivalParts = { readonly entrance: Entrance; readonly limits: GatewayLimits; readonly onNotice: (notice: Notice) => void };

/**
 * Takes a connection through what stands before its first request: the PROXY protocol header, then the TLS handshake or the first bytes. `undefined` when it is to be closed. What is known of it
 * (`connection`) was read when it was accepted.
 */
export async function arrive(
  socket: Socket,
  { connection, ...parts }: ArrivalParts & { readonly connection: Connection },
): Promise<Arrived | undefined> {
  const { tls, speaksHttp2 } = parts.entrance;
  const carried = await identify(socket, { connection, ...parts });
  if (carried === undefined) return undefined;
  if (tls === undefined) {
    const version = speaksHttp2 ? await readVersion(socket, parts.limits) : 1;
    return version && { socket, connection: carried, version };
  }
  if (tls.handshakes >= parts.limits.maxTlsHandshakes) {
    parts.onNotice({ level: "warning", code: "CONNECTION_DROPPED", message: "A connection was dropped: maxTlsHandshakes is reached" });
    return undefined;
  }
  const secure = await tls.handshake(socket);
  return secure && { socket: secure, connection: { ...carried, isEncrypted: true }, version: secure.alpnProtocol === "h2" ? 2 : 1 };
}

/** Whom the connection is from, by its PROXY protocol header where one is required. */
async function identify(
  socket: Socket,
  { connection, entrance: { proxies }, limits, onNotice }: ArrivalParts & { readonly connection: Connection },
): Promise<Connection | undefined> {
  if (proxies === undefined) return connection;
  const sender = connection.peer === undefined ? "unix:" : escapeText(connection.peer);
  if (!proxies(connection.peer)) {
    const message = `A connection from ${sender} was closed: it is none of the listener's trustedPeers`;
    onNotice({ level: "warning", code: "PROXY_PEER_REFUSED", message });
    return undefined;
  }
  const proxied = await readProxied(socket, limits);
  if (proxied.kind === "refused") {
    // One that only looks whether the port is open has nothing to say.
    if (proxied.reason === "closed") return undefined;
    const message = `A connection from ${sender} was closed: its PROXY protocol header is ${proxied.reason}`;
    onNotice({ level: "warning", code: "PROXY_HEADER_REFUSED", message });
    return undefined;
  }
  const { header } = proxied;
  switch (header.kind) {
    case "own":
      return connection;
    case "local":
      return { ...connection, isSendersOwn: true };
    case "proxied":
      return { peer: header.peer, isEncrypted: header.isOverTls };
  }
}
