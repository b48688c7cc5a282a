import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { expect, test } from "vitest";
import { openTestGateway, snapshotOf } from "./rig/gateway.ts";
import { askHttp2, connectHttp2 } from "./rig/http2-client.ts";
import { openTarget } from "./rig/target.ts";
import { until } from "./rig/wire.ts";

/** Numbers from 0 to 1, the same for the same seed. */
function lots(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Does something with a stream, or leaves it, now or in a moment. */
function play(stream: ClientHttp2Stream, lot: () => number): void {
  stream.on("error", () => undefined);
  if (lot() < 0.5) stream.write(Buffer.alloc(Math.floor(lot() * 50_000)));
  if (lot() < 0.5) stream.resume();
  if (lot() < 0.5) setTimeout(() => stream.end(), lot() * 20);
  if (lot() < 0.6) setTimeout(() => stream.close(lot() < 0.5 ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_NO_ERROR), lot() * 30);
}

const handshake = {
  ":method": "CONNECT",
  ":protocol": "websocket",
  ":scheme": "http",
  ":path": "/",
  ":authority": "a",
  "sec-websocket-version": "13",
};

async function visit(url: string, lot: () => number): Promise<void> {
  const session: ClientHttp2Session = connect(url);
  session.on("error", () => undefined);
  await new Promise((resolve) => session.once("remoteSettings", resolve).once("close", resolve));
  for (let left = 1 + Math.floor(lot() * 8); left > 0; left -= 1) {
    if (lot() < 0.15) {
      play(session.request({ ...handshake }, { endStream: false }), lot);
      continue;
    }
    const method = lot() < 0.5 ? "POST" : "GET";
    const expectation = lot() < 0.2 ? { expect: "100-continue" } : {};
    play(session.request({ ":method": method, ":path": "/", ":authority": "a", ...expectation }, { endStream: lot() < 0.3 }), lot);
  }
  await pause(lot() * 40);
  if (lot() < 0.5) session.destroy();
  else session.close();
  await pause(20);
  session.destroy();
}

test("clients and targets that come and go at any moment never break the gateway, and leave nothing behind", async () => {
  const lot = lots(7);
  const target = await openTarget(
    (received, response) => {
      response.on("error", () => undefined);
      if (lot() < 0.3) received.resume();
      setTimeout(() => {
        if (lot() < 0.1) return void received.socket.destroy();
        response.write(Buffer.alloc(Math.floor(lot() * 100_000)));
        setTimeout(() => (lot() < 0.2 ? response.destroy() : response.end()), lot() * 10);
      }, lot() * 20);
    },
    (_request, socket) => {
      socket.on("error", () => undefined);
      if (lot() < 0.5) socket.destroy();
      else socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    },
  );
  let begun = 0;
  const gateway = await openTestGateway(snapshotOf([{ target: target.origin }], { policy: { peerAddressAlgorithm: {} } }), {
    listeners: [{ port: 0, http2: true }],
    limits: { maxRequestsPerConnection: 6, maxBodyBytes: 40_000, lingerTimeoutMs: 50 },
    onExchange: () => {
      begun += 1;
    },
  });
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      for (let left = 12; left > 0; left -= 1) await visit(gateway.url, lot);
    }),
  );
  expect(begun).toBeGreaterThan(100);
  const after = await connectHttp2(gateway.url);
  // A request that the target of the storm would break off says nothing about the gateway.
  await until(() => after.remoteSettings.enableConnectProtocol === true);
  expect((await askHttp2(after, { ":method": "TRACE", ":path": "/" })).status).toBe(405);
  after.destroy();
  await gateway.close();
  await until(() => target.connections() === 0);
  await target.close();
});
