import type { IncomingMessage } from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { openTestGateway, snapshotOf } from "./rig/gateway.ts";
import { own } from "./rig/owned.ts";
import { openTarget } from "./rig/target.ts";
import { sendRaw, until, wire } from "./rig/wire.ts";

/** A thousand times as large when it is unpacked. */
const UNPACKED_BYTES = 20_000_000;
const bomb = gzipSync(Buffer.alloc(UNPACKED_BYTES));

test("a body that grows a thousand times when it is unpacked passes as it came, both ways", async () => {
  const bodies: Buffer[] = [];
  const target = own(
    await openTarget(async (request: IncomingMessage, response) => {
      for await (const chunk of request) bodies.push(chunk as Buffer);
      response.writeHead(200, { "Content-Encoding": "gzip", "Content-Length": bomb.length }).end(bomb);
    }),
  );
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }]), { limits: { maxBodyBytes: bomb.length } }));
  const head = wire("POST / HTTP/1.1", "Host: a", "Content-Encoding: gzip", "Connection: close", `Content-Length: ${bomb.length}`);
  const answer = Buffer.from(await sendRaw(gateway.port, Buffer.concat([Buffer.from(head), bomb])), "latin1");
  expect(Buffer.concat(bodies).equals(bomb)).toBe(true);
  expect(gunzipSync(answer.subarray(answer.indexOf("\r\n\r\n") + 4))).toHaveLength(UNPACKED_BYTES);
});

test("a WebSocket message that grows a thousand times when it is inflated passes as it came", async () => {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true, maxPayload: UNPACKED_BYTES });
  const target = own(
    await openTarget(undefined, (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (client) => {
        client.on("message", (message: Buffer) => client.send(String(message.length)));
      }),
    ),
  );
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin }])));
  const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/`, { perMessageDeflate: true });
  const said = new Promise((resolve) => client.once("message", (message) => resolve(String(message))));
  await new Promise((resolve) => client.once("open", resolve));
  expect(client.extensions).toBe("permessage-deflate");
  client.send(Buffer.alloc(UNPACKED_BYTES));
  expect(await said).toBe(String(UNPACKED_BYTES));
  client.terminate();
  await until(() => target.connections() === 0);
});
