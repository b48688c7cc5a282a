import { randomUUID } from "node:crypto";
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { ClientOf, NodeRequest } from "wherefrom/node";
import { ControlError } from "../errors.ts";
import type { ControlNotice } from "../notice.ts";
import { ApiError, errorAnswer } from "./api-error.ts";
import { type CertificateFiles, followCertificate, readCertificate } from "./certificate.ts";
import { presentationOfFault } from "./standard-query.ts";

/** Whose a request is. */
export type Sender = {
  /** The key of the client's address. */
  readonly client: string;
  /** The address of the far end of the socket. */
  readonly peer: string | undefined;
};

/** Answers a request. */
type Answer = (request: Request, sender: Sender) => Response | Promise<Response>;

export type ListenAddress = { readonly host: string; readonly port: number };

/** A listening HTTP server. */
export type Listener = {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Takes no new requests, lets those under way end for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
};

/** Time for a client to send a whole request. An event stream is an answer and not limited by it. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the usual 60 s of load balancers, so that they close first: what is sent on a connection that is being closed here is lost. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const HANDSHAKE_TIMEOUT_MS = 5_000;
const MAX_HEADER_BYTES = 16_384;
const IDLE_SWEEP_MS = 20;
/** All clients without an address are one. */
const UNKNOWN_CLIENT = "unknown";

type ListenOptions = ListenAddress & {
  readonly clientOf: ClientOf<NodeRequest>;
  /** Where the certificate is, if TLS is spoken; it is followed. */
  readonly tls: CertificateFiles | undefined;
  readonly certificateLookMs: number;
  readonly onNotice: (notice: ControlNotice) => void;
};

/**
 * Listens. The caller has made sure that tokens may be sent there: see `readReach`.
 *
 * Errors: `ControlError` for a port in use, a port or an address that the system does not give, or a certificate that cannot be used.
 */
export async function listen(answer: Answer, options: ListenOptions): Promise<Listener> {
  const { host, port, clientOf, tls } = options;
  const limits = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const respond = getRequestListener(
    (request, { incoming }) => answer(request, { client: clientOf(incoming).key ?? UNKNOWN_CLIENT, peer: incoming.socket.remoteAddress }),
    { overrideGlobalObjects: false, errorHandler: malformedAnswer },
  );
  const [server, unfollow] =
    tls === undefined ? [createServer(limits, respond), () => undefined] : openTlsServer(respond, { ...options, tls, limits });
  await listening(server, { host: bareHost(host), port });
  const bound = server.address() as AddressInfo;
  const shownHost = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return {
    host,
    port: bound.port,
    url: `${tls === undefined ? "http" : "https"}://${shownHost}:${bound.port}`,
    close(graceMs) {
      unfollow();
      return closeServer(server, graceMs);
    },
  };
}

type TlsOptions = Pick<ListenOptions, "certificateLookMs" | "onNotice"> & {
  readonly tls: CertificateFiles;
  readonly limits: ServerOptions;
};

function openTlsServer(respond: RequestListener, options: TlsOptions): readonly [TlsServer, () => void] {
  const { tls, limits, certificateLookMs: lookMs, onNotice } = options;
  const { cert, key } = readCertificate(tls);
  const server = createTlsServer({ ...limits, cert, key, handshakeTimeout: HANDSHAKE_TIMEOUT_MS }, respond);
  return [server, followCertificate(server, tls, { lookMs, onNotice })];
}

/** `localhost` is not looked up: a hosts file could point it elsewhere. */
function bareHost(host: string): string {
  return host.toLowerCase() === "localhost" ? "127.0.0.1" : host.replace(/^\[(.*)\]$/, "$1");
}

/** A request that is no request: an unreadable target or Host. */
function malformedAnswer(error: unknown): Response {
  const why = error instanceof Error ? error.message : String(error);
  const fault = new ApiError("REQUEST_MALFORMED", `Request: Expected a valid target and Host, received a fault: ${why}`);
  return errorAnswer(fault, randomUUID(), presentationOfFault(new URLSearchParams()));
}

function listening(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenFault(error, { host, port })));
    server.listen({ host, port, exclusive: true }, resolve);
  });
}

function listenFault(error: NodeJS.ErrnoException, { host, port }: ListenAddress): unknown {
  const where = `Cannot listen on ${host.includes(":") ? `[${host}]` : host}:${port}`;
  switch (error.code) {
    case "EADDRINUSE":
      return new ControlError("CONTROL_PORT_IN_USE", `${where}: the port is in use. Stop the other program or choose another port`, {
        cause: error,
      });
    case "EACCES":
      return new ControlError("CONTROL_PORT_DENIED", `${where}: the system does not allow this port. Choose one above 1023`, {
        cause: error,
      });
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
    case "ENOTFOUND":
      return new ControlError("CONTROL_ADDRESS_UNAVAILABLE", `${where}: this machine has no such address. Choose 127.0.0.1`, {
        cause: error,
      });
    default:
      return error;
  }
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A kept-alive connection goes idle only after its last answer, so looking once is not enough.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
