import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { own } from "./owned.ts";

export type Http2Target = { readonly url: string; readonly sessions: ReadonlySet<ServerHttp2Session>; close(): Promise<void> };
export type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** A real HTTP/2 server without TLS, for the running test. */
export async function openHttp2Target(onStream: OnStream, settings: object = {}): Promise<Http2Target> {
  const sessions = new Set<ServerHttp2Session>();
  const server: Http2Server = createServer({ settings });
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => undefined);
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    onStream(stream, headers);
  });
  const url = await listen(server);
  return own({
    url,
    sessions,
    async close() {
      for (const session of sessions) session.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** Listens on a free port and gives the origin. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
