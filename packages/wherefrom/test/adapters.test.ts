import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { evidenceOf } from "../src/adapters/node.ts";
import { withClient } from "../src/adapters/ws.ts";
import { createResolver, parsePolicy, type Resolution } from "../src/index.ts";
import { answerOf, listCases, type ResolveRow, readResolveCases } from "./corpus.ts";

/** Rows whose bytes can travel over HTTP/1.1. */
const rows = listCases("resolve").flatMap((file) => readResolveCases(file).map((row) => ({ file, ...row })));
const wireRows = rows.filter((row) => row.surfaces === undefined);

let server: Server;
let port: number;

function resolveRow(request: IncomingMessage): Resolution {
  const row = wireRows[Number(request.url?.slice(1))] as ResolveRow;
  return createResolver(parsePolicy(row.policy)).resolve(evidenceOf(request, { peer: row.peer ?? undefined }));
}

beforeAll(async () => {
  server = createServer({ maxHeaderSize: 1 << 20 });
  // Node 20 silently drops fields past a count unless the count is unlimited.
  server.maxHeadersCount = 0;
  server.on("request", (request, response) => response.end(JSON.stringify(resolveRow(request))));
  server.on("upgrade", (request, socket) => {
    const body = JSON.stringify(resolveRow(request));
    socket.end(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n${body}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends a request as the bytes that it is, and gives the JSON object that the answer ends with. */
async function exchange(head: readonly string[]): Promise<Resolution> {
  const socket: Socket = connect(port, "127.0.0.1");
  socket.write(Buffer.from(`${[...head, "", ""].join("\r\n")}`, "latin1"));
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const answer = Buffer.concat(chunks).toString("latin1");
  return JSON.parse(answer.slice(answer.indexOf("{"), answer.lastIndexOf("}") + 1)) as Resolution;
}

test("the corpus has rows for the wire", () => {
  expect(wireRows.length).toBeGreaterThan(600);
});

describe("a request and its upgrade get the answer of the corpus", () => {
  test.each(wireRows.map((row, index) => ({ title: `${row.file}: ${row.name}`, row, index })))("$title", async ({ row, index }) => {
    const fields = row.headers.map(([name, value]) => `${name}: ${value}`);
    const plain = await exchange([`GET /${index} HTTP/1.1`, "Host: service.example", "Connection: close", ...fields]);
    const upgrade = await exchange([
      `GET /${index} HTTP/1.1`,
      "Host: service.example",
      "Connection: upgrade",
      "Upgrade: websocket",
      ...fields,
    ]);
    expect(answerOf(plain)).toEqual(row.expect);
    expect(upgrade).toEqual(plain);
  });
});

describe("the peer of a Node request", () => {
  const resolver = createResolver(parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["unix:"] } }));
  const rawHeaders = ["x-forwarded-for", "203.0.113.7"];

  test("of a unix socket is trusted where unix: is listed", () => {
    expect(resolver.resolve(evidenceOf({ rawHeaders, socket: {} })).ip).toBe("203.0.113.7");
  });

  test("of a socket that is closed does not pass for a unix socket", () => {
    expect(resolver.resolve(evidenceOf({ rawHeaders, socket: { destroyed: true } }))).toMatchObject({ ip: null, reason: "peer-unknown" });
  });
});

test("a ws server's connection handler is told the client of the handshake", async () => {
  const resolver = createResolver(parsePolicy({ headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1 } }));
  const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(sockets, "listening");
  sockets.on(
    "connection",
    withClient(resolver, (socket: WebSocket, _request: IncomingMessage, client) => socket.close(1000, client.ip ?? "none")),
  );
  const socket = connect((sockets.address() as AddressInfo).port, "127.0.0.1");
  const head = ["GET / HTTP/1.1", "Host: service.example", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
  socket.write(
    [...head, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 203.0.113.7", "", ""].join(
      "\r\n",
    ),
  );
  let received = "";
  for await (const chunk of socket) {
    received += (chunk as Buffer).toString("latin1");
    if (received.includes("203.0.113.7")) break;
  }
  expect(received).toContain("203.0.113.7");
  sockets.close();
});
