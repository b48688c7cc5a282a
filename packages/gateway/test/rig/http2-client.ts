import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";

/** What came back on one stream of Node's own client. */
export type Http2Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: string;
  /** The code it was closed with (RFC 9113 §7); 0 for an orderly end. */
  readonly code: number;
};

/** Connects with Node's HTTP/2 client, and waits for the gateway's settings. */
export async function connectHttp2(url: string, options: Parameters<typeof connect>[1] = {}): Promise<ClientHttp2Session> {
  const session = connect(url, { rejectUnauthorized: false, ...options });
  await new Promise<void>((resolve, reject) => session.once("remoteSettings", () => resolve()).once("error", reject));
  session.on("error", () => undefined);
  return session;
}

/** Sends one request, with a body if there is one, and reads the answer to the end of its stream. */
export function askHttp2(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<Http2Answer> {
  const stream = session.request({ ":authority": "a", ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return answerOn(stream);
}

/** Reads a stream to its end. */
export async function answerOn(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const chunks: Buffer[] = [];
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on("error", () => undefined);
  stream.on("response", (received) => {
    headers = received;
  });
  stream.on("trailers", (received) => {
    trailers = received;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => stream.once("close", resolve));
  const status = Number(headers[":status"] ?? 0);
  return { status, headers, trailers, body: Buffer.concat(chunks).toString("latin1"), code: stream.rstCode };
}
