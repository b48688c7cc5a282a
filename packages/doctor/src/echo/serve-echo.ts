import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createEcho, ECHO_FIELD, ECHO_MET_FIELD, type EchoMet, type EchoOptions } from "./echo.ts";
import { thisHost } from "./host-facts.ts";
import type { ContainerKind } from "./observation.ts";
import { refusalText } from "./refusal-text.ts";
import { type SynWatch, watchSyns } from "./syn-ttl.ts";

/** Something that is worth a line while an echo runs. */
export type EchoNotice =
  /** A connection began with a PROXY protocol header, which an HTTP server does not expect. */
  | { readonly kind: "proxy-protocol"; readonly version: "v1" | "v2"; readonly peer: string }
  /** A connection began with a TLS handshake. */
  | { readonly kind: "tls"; readonly peer: string }
  /** Bytes that are no HTTP. */
  | { readonly kind: "malformed"; readonly peer: string; readonly code: string };

export type ServeEchoOptions = Omit<EchoOptions, "path" | "host" | "synTtl"> & {
  /** What the service runs in, where somebody knows that better than its host's files. */
  readonly container?: ContainerKind;
  readonly listen: { readonly host: string; readonly port: number };
  /** Drawn at random when absent. */
  readonly path?: string;
  /** Whether to watch the first packets of connections, which takes tcpdump and the right to use it. */
  readonly watchesSyns?: boolean;
  readonly onNotice?: (notice: EchoNotice) => void;
};

/** An echo that listens for itself, beside a service or in its place. */
export type RunningEcho = {
  readonly path: string;
  readonly instance: string;
  readonly address: AddressInfo;
  close(): Promise<void>;
};

const V2_SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

/** A path that nobody guesses. */
function drawEchoPath(): string {
  return `/.wherefrom-${randomBytes(12).toString("hex")}`;
}

/** Listens with an echo and nothing else. Rejects with Node's own error when it cannot listen, and with an `EchoError` when it cannot watch. */
export async function serveEcho({
  listen,
  path = drawEchoPath(),
  container,
  watchesSyns = false,
  onNotice = () => undefined,
  ...options
}: ServeEchoOptions): Promise<RunningEcho> {
  let watch: SynWatch | undefined;
  const host = { ...thisHost, ...(container !== undefined && { container }) };
  const echo = createEcho({ path, host, synTtl: async (peer) => watch?.ttlOf(peer), ...options });
  const server = createServer({ maxHeaderSize: 64 * 1024, headersTimeout: 10_000, requestTimeout: 15_000, requireHostHeader: false });
  // Node 20 drops what exceeds its own count without a word: what arrived would not be what is told
  server.maxHeadersCount = 0;
  server.on("request", (request, response) => {
    if (echo.handle(request, response)) return;
    response.writeHead(404, { "content-length": 0, [ECHO_FIELD]: echo.instance }).end();
    request.resume();
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (echo.handleUpgrade(request, { socket, head })) return;
    socket.on("error", () => socket.destroy());
    socket.end(refusalText("404 Not Found", { [ECHO_FIELD]: echo.instance }));
  });
  server.on("clientError", (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) => {
    const notice = noticeOf(error, (socket as Socket).remoteAddress ?? "");
    onNotice(notice);
    if (!socket.writable) return void socket.destroy();
    const met: EchoMet = notice.kind === "proxy-protocol" ? `proxy-protocol-${notice.version}` : notice.kind;
    socket.end(refusalText("400 Bad Request", { [ECHO_FIELD]: echo.instance, [ECHO_MET_FIELD]: met }));
  });
  await listenAt(server, listen);
  const close = async (): Promise<void> => {
    echo.close();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await Promise.all([closed, watch?.close()]);
  };
  if (watchesSyns) {
    watch = await watchSyns((server.address() as AddressInfo).port).catch(async (error: unknown) => {
      await close();
      throw error;
    });
  }
  return {
    path,
    instance: echo.instance,
    address: server.address() as AddressInfo,
    close,
  };
}

function listenAt(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Source: HAProxy, "The PROXY protocol" §2.1, §2.2; RFC 8446 §5.1 for the first byte of TLS. */
function noticeOf({ rawPacket, code = "" }: NodeJS.ErrnoException & { rawPacket?: Buffer }, peer: string): EchoNotice {
  if (rawPacket?.subarray(0, 6).toString("latin1") === "PROXY ") return { kind: "proxy-protocol", version: "v1", peer };
  if (rawPacket?.subarray(0, V2_SIGNATURE.length).equals(V2_SIGNATURE) === true) return { kind: "proxy-protocol", version: "v2", peer };
  return rawPacket?.[0] === 0x16 ? { kind: "tls", peer } : { kind: "malformed", peer, code };
}
