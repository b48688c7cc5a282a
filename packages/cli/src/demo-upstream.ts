import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { printableJson } from "./output.ts";

const EXPLANATION_HEADER = "x-wherefrom-explanation";
/** What the gateway takes from a client is 16 KiB, and it adds the explanation: more than Node takes by default. */
const MAX_HEADER_BYTES = 64 * 1024;
const MAX_MESSAGE_BYTES = 1024 * 1024;
const RESOLUTION_FIELDS = ["ip", "outcome", "trust", "reason", "algorithm", "key"] as const;
const EXPLANATION_FIELDS = ["sentences", "hops", "unlistedHops", "peer"] as const;

/** The service behind the gateway for a first try. */
export type DemoUpstream = { readonly url: string; close(): Promise<void> };

/**
 * Opens an HTTP and WebSocket service that answers with what the gateway said about the request: resolution, explanation, flow
 * variables, and the header fields that arrived. A WebSocket gets the same as its first message and then its own messages back.
 *
 * It believes `X-Wherefrom-Explanation` from anybody, which is why it listens on loopback only.
 */
export async function openDemoUpstream(): Promise<DemoUpstream> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, answer);
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    sockets.handleUpgrade(request, socket, head, (client) => greet(client, request));
  });
  await listenOnLoopback(server);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => closeAll(server, sockets) };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  // The body is nobody's business here, but unread it would block the connection.
  request.resume();
  const body = `${printableJson(describe(request), 2)}\n`;
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}

function greet(client: WebSocket, request: IncomingMessage): void {
  client.on("error", () => client.terminate());
  client.on("message", (data, isBinary) => {
    // One message at a time: a client that does not read its echoes is not read either.
    client.pause();
    client.send(data, { binary: isBinary }, () => client.resume());
  });
  client.send(printableJson(describe(request), 2));
}

/** The resolution first, so that the answer to the question is the first thing one reads. */
function describe(request: IncomingMessage): Record<string, unknown> {
  const said = readExplanation(request.headers[EXPLANATION_HEADER]);
  return {
    ...pick(said?.explanation, RESOLUTION_FIELDS),
    explanation: said === undefined ? null : pick(said.explanation, EXPLANATION_FIELDS),
    flowVariables: said?.flowVariables ?? null,
    received: { method: request.method, path: request.url, headers: receivedFields(request.rawHeaders) },
  };
}

function pick(source: Record<string, unknown> | undefined, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, source?.[name] ?? null]));
}

type Said = { readonly explanation: Record<string, unknown>; readonly flowVariables?: unknown };

/** base64url of a JSON object; `undefined` when the gateway sent none, or somebody else sent something else. */
function readExplanation(value: string | string[] | undefined): Said | undefined {
  if (typeof value !== "string") return undefined;
  try {
    const said: unknown = JSON.parse(Buffer.from(value, "base64url").toString("utf8"));
    return isSaid(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

function isSaid(value: unknown): value is Said {
  if (typeof value !== "object" || value === null || !("explanation" in value)) return false;
  return typeof value.explanation === "object" && value.explanation !== null;
}

/** Every field in wire order, but for the explanation, which stands decoded beside them. */
function receivedFields(rawHeaders: readonly string[]): [name: string, value: string][] {
  const fields: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    if (name.toLowerCase() !== EXPLANATION_HEADER) fields.push([name, value]);
  }
  return fields;
}

function listenOnLoopback(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function closeAll(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const client of sockets.clients) client.terminate();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
