import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Resolver } from "wherefrom";
import { evidenceOf } from "wherefrom/node";
import { type WebSocket, WebSocketServer } from "ws";
import { type HostSources, hostFactsFor, thisHost } from "./host-facts.ts";
import { NONCE, type Observation, type RoundTrip } from "./observation.ts";
import { refusalText } from "./refusal-text.ts";
import type { SynTtl } from "./syn-ttl.ts";
import { askSs, type TcpRoundTrip } from "./tcp-round-trip.ts";

/** Limits of an echo. What is past them gets no observation. */
const ECHO_LIMITS = {
  /** Observations in a second. A probe asks for a few. */
  maxPerSecond: 50,
  /** WebSockets at a time. */
  maxWebSockets: 20,
  /** How long a WebSocket may stay. */
  webSocketMs: 15_000,
  pings: 6,
} as const;

/** Fields that prove who somebody is. A probe sends none, but a proxy on the way may. */
const HIDDEN: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "x-api-key",
  "x-amzn-oidc-data",
  "x-wherefrom-hop",
]);

/** The name of the field that tells an answer of an echo from one of a proxy before it. Its value is the instance. */
export const ECHO_FIELD = "x-wherefrom-echo";

/** The name of the field that says what a connection began with in place of a request. */
export const ECHO_MET_FIELD = "x-wherefrom-echo-met";

/** What an echo may meet in place of a request. */
export const ECHO_MET = ["proxy-protocol-v1", "proxy-protocol-v2", "tls", "malformed"] as const;

export type EchoMet = (typeof ECHO_MET)[number];

export type EchoOptions = {
  /** Where the echo is, such as `/.wherefrom-4f0c…`. Whoever knows it can ask, so it is a secret: at least 16 characters that nobody guesses. */
  readonly path: string;
  /** The service's own resolver: then its answer is observed, too. */
  readonly resolver?: Resolver;
  readonly host?: HostSources;
  readonly tcpRoundTrip?: TcpRoundTrip;
  readonly synTtl?: SynTtl;
};

/**
 * Tells whoever knows its path what arrived: the peer, every header field, what the host knows of the peer, and the round trips of a WebSocket. It is a part of a service, or stands in its place; it decides
 * nothing, changes nothing and keeps nothing.
 */
export type Echo = {
  readonly instance: string;
  /** Answers a request that is the echo's own, and says whether it was. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** Takes a WebSocket handshake that is the echo's own, and says whether it was. */
  handleUpgrade(request: IncomingMessage, upgrade: { readonly socket: Duplex; readonly head: Buffer }): boolean;
  /** As middleware for Express and Connect: what is not the echo's goes on. */
  middleware(request: IncomingMessage, response: ServerResponse, next: () => void): void;
  close(): void;
};

/** Whether a path can be an echo's: long enough that nobody guesses it. */
export function isEchoPath(path: string): boolean {
  return /^\/[\w.~/-]{16,200}$/.test(path) && !path.endsWith("/");
}

/** Makes an echo. Throws a `RangeError` for a path that could be guessed. */
export function createEcho({ path, resolver, host = thisHost, tcpRoundTrip = askSs, synTtl }: EchoOptions): Echo {
  if (!isEchoPath(path)) {
    throw new RangeError("An echo's path begins with a slash, has at least 16 characters more, and ends in no slash: nobody may guess it");
  }
  const instance = randomBytes(8).toString("hex");
  const isOwn = ownPath(path);
  const allow = createRate(ECHO_LIMITS.maxPerSecond);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_024, perMessageDeflate: false });
  let sequence = 0;

  async function observe(request: IncomingMessage, transport: Observation["transport"]): Promise<Omit<Observation, "roundTrip">> {
    const { socket } = request;
    sequence += 1;
    const peer = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    const local = { address: socket.localAddress ?? "", port: socket.localPort ?? 0 };
    const counted = sequence;
    const asked: Promise<number | undefined> = synTtl === undefined ? Promise.resolve(undefined) : synTtl(peer);
    const ttl = await asked;
    return {
      version: 1,
      nonce: nonceIn(request, path) ?? "",
      instance,
      sequence: counted,
      transport,
      target: request.url ?? "",
      httpVersion: request.httpVersion,
      peer,
      local,
      headers: fieldsOf(request.rawHeaders),
      trailers: fieldsOf(request.rawTrailers),
      host: hostFactsFor({ peer: peer.address, local: local.address }, host),
      ...(ttl !== undefined && { synTtl: ttl }),
      ...(resolver && { resolution: resolved(resolver, request) }),
    };
  }

  const echo: Echo = {
    instance,
    handle(request, response) {
      if (!isOwn(request)) return false;
      if (nonceIn(request, path) === undefined) answer(response, { status: 404, instance, body: { error: "no-nonce" } });
      else if (request.method !== "GET") answer(response, { status: 405, instance, body: { error: "only-get" } });
      else if (!allow()) answer(response, { status: 429, instance, body: { error: "too-many" } });
      else readToEnd(request, () => void tell(request, response));
      return true;
    },
    handleUpgrade(request, { socket, head }) {
      if (!isOwn(request)) return false;
      socket.on("error", () => socket.destroy());
      const status =
        upgradeFault(request) ?? (sockets.clients.size >= ECHO_LIMITS.maxWebSockets || !allow() ? "429 Too Many Requests" : undefined);
      if (status !== undefined || nonceIn(request, path) === undefined) {
        // what this answers, a proxy did not: the field says so
        socket.end(refusalText(status ?? "404 Not Found", { [ECHO_FIELD]: instance }));
        return true;
      }
      sockets.handleUpgrade(request, socket, head, (client) => void greet(client, { request, socket: request.socket }));
      return true;
    },
    middleware(request, response, next) {
      if (!echo.handle(request, response)) next();
    },
    close() {
      for (const client of sockets.clients) client.terminate();
    },
  };

  sockets.on("headers", (headers) => headers.push(`${ECHO_FIELD}: ${instance}`));

  async function tell(request: IncomingMessage, response: ServerResponse): Promise<void> {
    answer(response, { status: 200, instance, body: await observe(request, "http") });
  }

  /** Measures, then tells, then leaves. */
  async function greet(client: WebSocket, { request, socket }: { request: IncomingMessage; socket: Socket }): Promise<void> {
    client.on("error", () => client.terminate());
    const deadline = setTimeout(() => client.terminate(), ECHO_LIMITS.webSocketMs);
    client.on("close", () => clearTimeout(deadline));
    const observation = await observe(request, "websocket");
    const roundTrip = await measure(client, { socket, tcpRoundTrip });
    client.send(JSON.stringify({ ...observation, ...(roundTrip && { roundTrip }) }), () => client.close());
  }

  return echo;
}

/** The shortest of some pings: what a server has to think about for once is no distance. */
async function measure(
  client: WebSocket,
  { socket, tcpRoundTrip }: { socket: Socket; tcpRoundTrip: TcpRoundTrip },
): Promise<RoundTrip | undefined> {
  const { localPort = 0, remotePort = 0 } = socket;
  let applicationMs = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < ECHO_LIMITS.pings; turn += 1) {
    if (client.readyState !== client.OPEN) return undefined;
    applicationMs = Math.min(applicationMs, await pingOnce(client));
  }
  const tcpMs = await tcpRoundTrip({ localPort, peerPort: remotePort });
  return tcpMs === undefined || !Number.isFinite(applicationMs) ? undefined : { applicationMs, tcpMs };
}

function pingOnce(client: WebSocket): Promise<number> {
  return new Promise((resolve) => {
    const startedAt = process.hrtime.bigint();
    const done = (took: number): void => {
      client.off("pong", onPong).off("close", onClose);
      resolve(took);
    };
    const onPong = (): void => done(Number(process.hrtime.bigint() - startedAt) / 1e6);
    const onClose = (): void => done(Number.POSITIVE_INFINITY);
    client.on("pong", onPong).on("close", onClose);
    client.ping();
  });
}

/** The body is nobody's business here, but trailers come behind it. One that is long is cut off. */
function readToEnd(request: IncomingMessage, then: () => void): void {
  let bytes = 0;
  request.on("data", (part: Buffer) => {
    bytes += part.length;
    if (bytes > 65_536) request.socket.destroy();
  });
  request.on("end", then).on("error", () => undefined);
}

/** Why an upgrade is no WebSocket handshake (RFC 6455 §4.2.1). */
function upgradeFault({ headers }: IncomingMessage): string | undefined {
  if (headers.upgrade?.toLowerCase() !== "websocket") return "400 Bad Request";
  return headers["sec-websocket-version"] === "13" ? undefined : "426 Upgrade Required";
}

/** Whether a request is for the path or below it. The path is a secret, so how long the answer takes does not say how much of it was right. */
function ownPath(path: string): (request: IncomingMessage) => boolean {
  const digest = digestOf(path);
  return ({ url = "" }) => {
    const target = pathOf(url);
    const isEqual = timingSafeEqual(digestOf(target.slice(0, path.length)), digest);
    return isEqual && (target.length === path.length || target[path.length] === "/");
  };
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function nonceIn({ url = "" }: IncomingMessage, path: string): string | undefined {
  const nonce = pathOf(url).slice(path.length + 1);
  return NONCE.test(nonce) ? nonce : undefined;
}

/** The path of a request target in any of its forms (RFC 9112 §3.2). */
function pathOf(url: string): string {
  return (url.startsWith("/") ? url : url.replace(/^[a-z]+:\/\/[^/?#]*/i, "")).split("?")[0] ?? "";
}

function fieldsOf(raw: readonly string[]): readonly (readonly [string, string])[] {
  const fields: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = "", value = ""] = raw.slice(at, at + 2);
    fields.push([name, HIDDEN.has(name.toLowerCase()) ? "(hidden)" : value]);
  }
  return fields;
}

function resolved(resolver: Resolver, request: IncomingMessage): NonNullable<Observation["resolution"]> {
  const { ip, outcome, trust, reason } = resolver.resolve(evidenceOf(request));
  return { ip, outcome, trust, ...(reason && { reason }) };
}

/** A field value is Latin-1; JSON escapes the rest, so the answer is ASCII and means the same to every proxy. */
function answer(response: ServerResponse, { status, instance, body }: { status: number; instance: string; body: object }): void {
  const text = JSON.stringify(body).replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    [ECHO_FIELD]: instance,
  });
  response.end(text);
}

/** Allows so many in a second, and as many at once after a second of quiet. */
function createRate(perSecond: number): () => boolean {
  let left: number = perSecond;
  let at = process.hrtime.bigint();
  return () => {
    const now = process.hrtime.bigint();
    left = Math.min(perSecond, left + (Number(now - at) / 1e9) * perSecond);
    at = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
