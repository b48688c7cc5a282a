import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { type Dispatcher, Pool } from "undici";
import { serve, told } from "../traffic/answering.ts";

const { originPort } = told<{ readonly originPort: number }>();
const pool = new Pool(`http://127.0.0.1:${originPort}`, { connections: 1_024 });

/** `Host` is written anew; the rest is about one connection only. */
const STAYS: ReadonlySet<string> = new Set(["host", "connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "expect"]);

// Program: the reference. The least that Node can do as a proxy with its own parser and undici: it resolves nobody, checks nothing, removes what
// HTTP makes it remove, and passes on. An upgrade is written on and the two connections are joined by hand.
const server = createServer({ noDelay: true }, forward);
server.on("upgrade", upgrade);
await serve(server);

function forward(request: IncomingMessage, response: ServerResponse): void {
  const { method = "GET", url = "/", headers } = request;
  const body = headers["content-length"] === undefined && headers["transfer-encoding"] === undefined ? null : request;
  const fields = ["host", `127.0.0.1:${originPort}`, ...passing(request.rawHeaders)];
  pool.dispatch({ path: url, method: method as Dispatcher.HttpMethod, headers: fields, body }, handlerOf(response));
}

function passing(fields: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] as string;
    if (!STAYS.has(name.toLowerCase())) kept.push(name, fields[at + 1] as string);
  }
  return kept;
}

/** Undici's older handler: the newer one also reads every response header into an object. */
function handlerOf(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onConnect(abort) {
      response.on("close", () => {
        if (!response.writableFinished) abort(new Error("The client left"));
      });
    },
    onHeaders(status, fields, resume) {
      response.writeHead(status, passing(fields.map((part) => part.toString("latin1"))));
      response.on("drain", resume);
      return true;
    },
    onData: (chunk) => response.write(chunk),
    onComplete: () => void response.end(),
    onError: () => void response.destroy(),
  };
}

function upgrade({ method = "GET", url = "/", rawHeaders }: IncomingMessage, client: Socket, head: Buffer): void {
  const origin = connect({ port: originPort, host: "127.0.0.1", noDelay: true });
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  origin.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  if (head.length > 0) origin.write(head);
  join(client, origin);
  join(origin, client);
}

function join(from: Socket, to: Socket): void {
  from.on("data", (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => to.end());
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroy());
}
