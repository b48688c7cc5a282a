import { expect, test } from "vitest";
import { openTestGateway, snapshotOf } from "./rig/gateway.ts";
import { END_HEADERS, END_STREAM, frame, openRawHttp2, request } from "./rig/http2-frames.ts";
import { own } from "./rig/owned.ts";
import { openTarget } from "./rig/target.ts";
import { converse, until, wire } from "./rig/wire.ts";

const COUNT = 20_000;
/** A byte each, all different from their neighbours. */
const bytes = Array.from({ length: COUNT }, (_, index) => String.fromCharCode(97 + (index % 26)));

/** A target that keeps what it gets, and in how many pieces. */
async function openCounting() {
  const pieces: string[] = [];
  let isOver = false;
  const target = own(
    await openTarget((received, response) => {
      received.on("data", (chunk: Buffer) => void pieces.push(chunk.toString("latin1")));
      received
        .on("error", () => undefined)
        .on("end", () => {
          isOver = true;
          response.end("done");
        });
    }),
  );
  const gateway = own(
    await openTestGateway(snapshotOf([{ target: target.origin }]), {
      listeners: [{ port: 0 }, { port: 0, http2: true }],
      limits: { requestTimeoutMs: 600_000 },
    }),
  );
  return { gateway, pieces, isOver: () => isOver };
}

const POST = [
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/"],
] as const;

const chunked = wire("POST / HTTP/1.1", "Host: a", "Connection: close", "Transfer-Encoding: chunked");

test("a body in thousands of pieces of a byte reaches the target whole, in a few pieces", async () => {
  const { gateway, pieces, isOver } = await openCounting();
  const client = await converse(gateway.port);
  client.write(`${chunked}${bytes.map((byte) => `1\r\n${byte}\r\n`).join("")}0\r\n\r\n`);
  expect(await client.readUntil(/done/)).toMatch(/^HTTP\/1\.1 200 /);
  await until(isOver);
  expect(pieces.join("")).toBe(bytes.join(""));
  expect(pieces.length).toBeLessThan(COUNT / 20);
});

test("the same over HTTP/2", async () => {
  const { gateway, pieces } = await openCounting();
  const client = await openRawHttp2(Number(new URL(gateway.listeners[1]?.url ?? "").port));
  const data = bytes.map((byte) => frame("DATA", { stream: 1, payload: Buffer.from(byte) }));
  client.write(request(1, POST, END_HEADERS), ...data, frame("DATA", { stream: 1, flags: END_STREAM }));
  expect(await client.ended(1)).toMatchObject({ status: 200, body: "done" });
  expect(pieces.join("")).toBe(bytes.join(""));
  expect(pieces.length).toBeLessThan(COUNT / 20);
  client.socket.destroy();
});

test("small pieces that come one after another are not held back for more", async () => {
  const { gateway, pieces } = await openCounting();
  const client = await converse(gateway.port);
  client.write(chunked);
  for (let count = 1; count <= 40; count += 1) {
    client.write("3\r\none\r\n");
    await until(() => pieces.join("").length === 3 * count);
  }
  client.write("0\r\n\r\n");
  await client.readUntil(/done/);
});
