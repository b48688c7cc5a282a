import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What a target was asked. */
export type Received = { readonly method: string; readonly url: string; readonly fields: readonly string[]; readonly body: string };

export type Target = {
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Connections that are open now. */
  connections(): number;
  /** What it could not read as a request; a connection that broke off inside one is none. */
  malformed(): readonly string[];
  close(): Promise<void>;
};

/** On a slow machine its own times would be over in the middle of a test. */
const waitsForEver = { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 };

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server. Without a handler it reads the whole request, notes it and answers 200 with the method and path. */
export async function openTarget(
  handler?: Handler,
  onUpgrade?: (request: IncomingMessage, socket: Socket, head: Buffer) => void,
): Promise<Target> {
  const received: Received[] = [];
  const malformed: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(waitsForEver, handler ?? ((request, response) => void note(request, response, received)));
  if (onUpgrade !== undefined) server.on("upgrade", (request, socket, head) => onUpgrade(request, socket as Socket, head));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code !== "ECONNRESET" && error.code !== "HPE_INVALID_EOF_STATE") malformed.push(error.message);
    socket.destroy();
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    received,
    connections: () => sockets.size,
    malformed: () => malformed,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function note(request: IncomingMessage, response: ServerResponse, received: Received[]): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return; // it broke off: no whole request to note, and nobody to answer
  }
  const { method = "", url = "", rawHeaders } = request;
  received.push({ method, url, fields: rawHeaders, body: Buffer.concat(chunks).toString("latin1") });
  response.end(`${method} ${url}`);
}

/** The lines of one field, by its name in any case. */
export function linesOf({ fields }: Pick<Received, "fields">, name: string): string[] {
  return fields.filter((_, index) => index % 2 === 1 && fields[index - 1]?.toLowerCase() === name.toLowerCase());
}

/** All field names, in lower case. */
export function namesOf({ fields }: Pick<Received, "fields">): string[] {
  return fields.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
}
