import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { linesOf, openTarget, type Received, type Target } from "./rig/target.ts";
import { ask, converse } from "./rig/wire.ts";

/** The same bytes in every run: a failure here is one to look at, not luck. */
const seed = 20261123;

let target: Target;
let gateway: TestGateway;

beforeAll(async () => {
  target = await openTarget();
  gateway = await openTestGateway(snapshotOf([{ target: target.origin, sendExplanation: true }]), {
    limits: { headersTimeoutMs: 2_000, requestTimeoutMs: 2_000 },
  });
});

afterAll(async () => {
  await gateway.close();
  await target.close();
});

/** Says the bytes in these pieces, ends, and waits for what comes. */
async function say(pieces: readonly Uint8Array[]): Promise<void> {
  const conversation = await converse(gateway.port);
  for (const piece of pieces) conversation.write(Buffer.from(piece));
  conversation.socket.end();
  await conversation.closed;
}

async function stillAnswers(): Promise<void> {
  const response = await ask(gateway.port, "GET /alive HTTP/1.1", "Host: a", "X-Forwarded-For: 192.0.2.1");
  expect(response.status).toBe(200);
  expect(linesOf(target.received.at(-1) as Received, "x-real-ip")).toEqual(["192.0.2.1"]);
}

const fragments = [
  "GET / HTTP/1.1\r\n",
  "POST /x HTTP/1.1\r\n",
  "GET / HTTP/1.0\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "CONNECT a:1 HTTP/1.1\r\n",
  "Host: a\r\n",
  "Host: a\r\nHost: b\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 99999999999999999999\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: upgrade\r\nUpgrade: websocket\r\n",
  "Connection: x-forwarded-for, host\r\n",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
  "Expect: 100-continue\r\n",
  "Expect: 200-maybe\r\n",
  'Forwarded: for="[::1]:1";by="\\"\r\n',
  "X-Forwarded-For: 1.1.1.1,,\t[::1]:99999, \x9b31m\r\n",
  "\r\n",
  "\n",
  "\0",
  "5\r\nhello\r\n",
  "0\r\n\r\n",
  "ffffffffffffffff\r\n",
];

const piece = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...fragments).map((text) => Buffer.from(text, "latin1") as Uint8Array) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
);

test("bytes that nobody would send do not stop it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      await say(pieces);
    }),
    { seed, numRuns: 250 },
  );
  await stillAnswers();
});

const value = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 80,
});

test("whatever stands in forwarding fields, exactly one readable answer goes upstream", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(value, { maxLength: 6 }), value, async (chain, forwarded) => {
      const lines = [...chain.map((text) => `X-Forwarded-For: ${text}`), `Forwarded: ${forwarded}`, `X-Real-IP: ${forwarded}`];
      const response = await ask(gateway.port, "GET / HTTP/1.1", "Host: a", ...lines);
      expect(response.status).toBe(200);
      const received = target.received.at(-1) as Received;
      for (const name of ["x-forwarded-for", "x-real-ip", "forwarded"]) {
        expect(linesOf(received, name)).toHaveLength(1);
        expect(linesOf(received, name)[0]).toMatch(/^[\x21-\x7e ]+$/);
      }
      const [told = ""] = linesOf(received, "x-wherefrom-explanation");
      const { explanation } = JSON.parse(Buffer.from(told, "base64url").toString());
      expect([explanation.ip]).toEqual(linesOf(received, "x-real-ip"));
    }),
    { seed, numRuns: 150 },
  );
});
