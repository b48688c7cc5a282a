import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { LookupFunction, Socket } from "node:net";
import { type ClientOptions, WebSocket } from "ws";
import { parseObservation } from "../echo/observation.ts";
import type { AnswerResult, OwnEnd } from "./answer.ts";
import { answererOf } from "./answerer.ts";
import type { Destination } from "./dial.ts";
import { MAX_ANSWERER_LENGTH } from "./parse-run.ts";
import type { Question } from "./question.ts";

/** Longest answer that is read, in bytes. An observation with all headers that an echo takes is smaller. */
const MAX_ANSWER_BYTES = 512 * 1024;

/** Says who asks, so that nobody takes it for an attack. */
const USER_AGENT = "wherefrom-doctor (a probe that was asked for; documentation addresses are canaries)";

export type Sending = { readonly destination: Destination; readonly question: Question; readonly nonce: string };

/** Asks over HTTP. Redirects are not followed. An agent keeps the connection for the next question. */
export function askHttp({ destination, question, nonce }: Sending, agent?: HttpAgent): Promise<AnswerResult> {
  const { url, timeoutMs } = destination;
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const request = send(targetOf(url, nonce), {
      method: "GET",
      agent: agent ?? false,
      timeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
      headers: headersOf(question),
      ...connectOptions(destination),
    });
    request.on("response", (response) => void readAnswer(response, { request, nonce, startedAt, destination }).then(resolve));
    request.on("timeout", () => request.destroy(Object.assign(new Error("No answer in time"), { code: "ETIMEDOUT" })));
    request.on("error", (error) => resolve(failureOf(error)));
    request.end();
  });
}

/** An agent with one connection, so that questions asked by it share it. */
export function oneConnection(url: URL): HttpAgent {
  const options = { keepAlive: true, maxSockets: 1 };
  return url.protocol === "https:" ? new HttpsAgent(options) : new HttpAgent(options);
}

/** Asks over a WebSocket: the observation is its first message. */
export function askWebSocket({ destination, question, nonce }: Sending): Promise<AnswerResult> {
  const { url, timeoutMs } = destination;
  const target = targetOf(url, nonce);
  target.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const options: ClientOptions = {
      // the type says text; Node's own client underneath takes a list for several lines
      headers: headersOf(question) as Record<string, string>,
      handshakeTimeout: timeoutMs,
      followRedirects: false,
      maxPayload: MAX_ANSWER_BYTES,
      perMessageDeflate: false,
      ...connectOptions(destination),
    };
    const client = new WebSocket(target, options);
    let own: OwnEnd | undefined;
    const settle = (result: AnswerResult): void => {
      clearTimeout(timer);
      resolve(result);
      client.close();
    };
    const timer = setTimeout(() => {
      settle({ kind: "failed", code: "ETIMEDOUT" });
      client.terminate();
    }, timeoutMs);
    client.on("upgrade", (response) => {
      own = ownEndOf(response.socket, destination);
    });
    client.on("message", (data) => settle(judge(String(data), { nonce, own, tookMs: performance.now() - startedAt })));
    client.on("unexpected-response", (request, response) => {
      settle(answeredBy(response, url));
      request.destroy();
    });
    client.on("error", (error) => settle(failureOf(error)));
    client.on("close", () => settle({ kind: "failed", code: "CLOSED" }));
  });
}

function targetOf(url: URL, nonce: string): URL {
  const target = new URL(url);
  target.hash = "";
  target.pathname = `${url.pathname.replace(/\/+$/, "")}/${nonce}`;
  return target;
}

/** A name given twice becomes two lines. */
function headersOf({ fields }: Question): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { "User-Agent": USER_AGENT, "Cache-Control": "no-store", Accept: "application/json" };
  for (const [name, value] of fields) {
    const earlier = headers[name];
    headers[name] = earlier === undefined ? value : [earlier, value].flat();
  }
  return headers;
}

/** The socket goes to the address that was looked up, whatever the name leads to by then. */
function connectOptions({ address, family, from, ca }: Destination): {
  lookup: LookupFunction;
  family: number;
  localAddress?: string;
  ca?: string;
} {
  const lookup: LookupFunction = (_name, options, done) => {
    // not at once: a socket that cannot be bound would fail before anybody listens to it
    setImmediate(() => {
      if (options.all === true) done(null, [{ address, family }]);
      else done(null, address, family);
    });
  };
  return { lookup, family, ...(from !== undefined && { localAddress: from }), ...(ca !== undefined && { ca }) };
}

type Reading = { readonly request: ClientRequest; readonly nonce: string; readonly startedAt: number; readonly destination: Destination };

async function readAnswer(response: IncomingMessage, { request, nonce, startedAt, destination }: Reading): Promise<AnswerResult> {
  const own = ownEndOf(request.socket, destination);
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response) {
      bytes += (part as Buffer).length;
      if (bytes > MAX_ANSWER_BYTES) {
        response.destroy();
        return { kind: "failed", code: "ANSWER_TOO_LONG" };
      }
      parts.push(part as Buffer);
    }
  } catch (error) {
    return failureOf(error);
  }
  if (response.statusCode !== 200) return answeredBy(response, destination.url);
  const read = judge(Buffer.concat(parts).toString("utf8"), { nonce, own, tookMs: performance.now() - startedAt });
  return read.kind === "failed" ? answeredBy(response, destination.url) : read;
}

function judge(text: string, { nonce, own, tookMs }: { nonce: string; own: OwnEnd | undefined; tookMs: number }): AnswerResult {
  const observation = parseObservation(text);
  if (observation === undefined || own === undefined) return { kind: "failed", code: "NO_OBSERVATION" };
  if (observation.nonce !== nonce) return { kind: "other-nonce", observation };
  return { kind: "observed", observation, own, tookMs };
}

function answeredBy(response: IncomingMessage, asked: URL): AnswerResult {
  const answerer = answererOf(response, asked);
  response.resume();
  return { kind: "answered", ...answerer };
}

function ownEndOf(socket: Socket | null, { address, url }: Destination): OwnEnd {
  const port = socket?.remotePort ?? Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const dialed = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  return { localAddress: socket?.localAddress ?? "", localPort: socket?.localPort ?? 0, dialed };
}

function failureOf(error: unknown): AnswerResult {
  // what Node's parser could not read, it keeps
  const heard = error instanceof Error && "rawPacket" in error ? error.rawPacket : undefined;
  const begins = Buffer.isBuffer(heard) ? heard.toString("latin1", 0, MAX_ANSWERER_LENGTH).split(/[\r\n]/)[0] : undefined;
  return { kind: "failed", code: codeOf(error), ...(begins !== undefined && { heard: begins }) };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "FAILED";
  // the signal's end, by whichever of its names
  if (error.name === "TimeoutError" || error.name === "AbortError") return "ETIMEDOUT";
  // OpenSSL's words for an answer that is no TLS, which Node gives no code of their own
  if (/wrong version number|packet length too long/.test(error.message)) return "NOT_TLS";
  return "code" in error && typeof error.code === "string" ? error.code : "FAILED";
}
