import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { type Socket as ClientSocket, io as connectTo } from "socket.io-client";
import { describe, expect, test } from "vitest";
import { type ClientIpData, clientIp } from "../../src/adapters/socket-io.ts";
import { createResolver, parsePolicy, type Resolution } from "../../src/index.ts";
import { adapterContract, listen, maxHeaderSize, nodeOptions, type Opened, type Setting, type Way, wireTo } from "./contract.ts";
import { openWire, receiveFrame, request, sendFrame, upgrade } from "./wire.ts";

type Events = { client: (client: Resolution) => void };
type NoEvents = Record<string, never>;

async function open(setting: Setting): Promise<Opened> {
  const server = createServer({ maxHeaderSize });
  const io = new Server<NoEvents, Events, NoEvents, ClientIpData>(server, { serveClient: false });
  const middleware = clientIp(setting.resolver, nodeOptions(setting));
  io.use(middleware).use(middleware);
  io.on("connection", (socket) => socket.emit("client", socket.data.clientIp));
  const opened = await listen(server);
  return { port: opened.port, close: () => io.close().finally(() => opened.close()) };
}

const PATH = "/socket.io/?EIO=4&transport=";
/** The event as Socket.IO writes it (protocol revision 5): 4 a message, 2 an event. */
const EVENT = '42["client",';

const resolutionOf = (packet: string) => JSON.parse(packet.slice(EVENT.length, -1)) as Resolution;

const byWebSocket: Way = async (port, fields) => {
  const wire = openWire(port);
  await upgrade(wire, `${PATH}websocket`, fields);
  sendFrame(wire, "40");
  let packet = "";
  while (!packet.startsWith(EVENT)) packet = await receiveFrame(wire);
  wire.close();
  return resolutionOf(packet);
};

/** Only the first request has the evidence: it is the one that shakes hands. The last one leaves. */
const byPolling: Way = async (port, fields) => {
  const wire = wireTo(port);
  const { sid } = JSON.parse((await request(wire, `GET ${PATH}polling`, { fields })).slice(1)) as { sid: string };
  const ask = (method: string, body?: string) =>
    request(wireTo(port), `${method} ${PATH}polling&sid=${sid}`, { fields: ["Content-Type: text/plain"], ...(body && { body }) });
  await ask("POST", "40");
  let packets: readonly string[] = [];
  const isEvent = (packet: string) => packet.startsWith(EVENT);
  while (!packets.some(isEvent)) packets = (await ask("GET")).split("\x1e");
  await ask("POST", "1");
  return resolutionOf(packets.find(isEvent) as string);
};

adapterContract("Socket.IO", { open, ways: { "WebSocket handshake": byWebSocket, polling: byPolling } });

describe("a Socket.IO client", () => {
  const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8"] } };
  const resolver = createResolver(parsePolicy(policy));

  test.each([["websocket"], ["polling"]])(
    "of the real client library over %s has the same address in every namespace",
    async (transport) => {
      const server = createServer();
      const io = new Server<NoEvents, Events, NoEvents, ClientIpData>(server);
      const middleware = clientIp(resolver);
      for (const name of ["/", "/admin"]) {
        io.of(name)
          .use(middleware)
          .on("connection", (socket) => socket.emit("client", socket.data.clientIp));
      }
      await listen(server);
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const options = { transports: [transport], extraHeaders: { "X-Forwarded-For": "6.6.6.6, 203.0.113.7" } };
      const clients: readonly ClientSocket<Events>[] = ["/", "/admin"].map((name) => connectTo(`${url}${name}`, options));
      const seen = await Promise.all(clients.map((client) => new Promise<Resolution>((resolve) => client.once("client", resolve))));
      expect(seen.map(({ ip, trust }) => `${ip} ${trust}`)).toEqual(["203.0.113.7 verified", "203.0.113.7 verified"]);
      for (const client of clients) client.close();
      await io.close();
    },
  );

  test("whose handshake came on a connection that is closed by now still has its peer", async () => {
    const { port, close } = await open({ resolver });
    const handshake = openWire(port);
    const { sid } = JSON.parse(
      (await request(handshake, `GET ${PATH}polling`, { fields: ["X-Forwarded-For: 203.0.113.7", "Connection: close"] })).slice(1),
    );
    expect(handshake.isOpen()).toBe(false);
    const later = openWire(port);
    await request(later, `POST ${PATH}polling&sid=${sid}`, { fields: ["Content-Type: text/plain"], body: "40" });
    let packets = "";
    while (!packets.includes(EVENT)) packets = await request(later, `GET ${PATH}polling&sid=${sid}`, { fields: [] });
    const packet = packets.split("\x1e").find((text) => text.startsWith(EVENT)) as string;
    expect(resolutionOf(packet)).toMatchObject({ ip: "203.0.113.7", trust: "verified" });
    later.close();
    await close();
  });

  test("without a Node request is nobody", () => {
    const socket = { request: undefined as never, conn: {}, data: {} as Partial<ClientIpData> };
    clientIp(createResolver(parsePolicy({ ...policy, fallback: "PEER" })))(socket, () => undefined);
    expect(socket.data.clientIp).toMatchObject({ ip: null, reason: "peer-unknown" });
  });
});
