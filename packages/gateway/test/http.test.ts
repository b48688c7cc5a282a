import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import type { ExchangeRecord } from "@wherefrom/gateway";
import { expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { own } from "./rig/owned.ts";
import { openTarget } from "./rig/target.ts";
import { ask, converse, parseResponse, sendRaw, until, wire } from "./rig/wire.ts";

async function gatewayTo(origin: string, options: Parameters<typeof openTestGateway>[1] = {}): Promise<TestGateway> {
  return own(await openTestGateway(snapshotOf([{ target: origin }]), options));
}

/** A target that says raw bytes to whatever it is asked, and then ends unless told otherwise. */
async function rawTarget(bytes: string, { ends = true } = {}): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => (ends ? socket.end(bytes, "latin1") : socket.write(bytes, "latin1")));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  own({
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const badTargets = [
  { what: "closes without a word", says: "", status: 502, code: "UPSTREAM_BROKEN" },
  { what: "speaks no HTTP", says: "hello\r\n\r\n", status: 502, code: "UPSTREAM_BROKEN" },
  {
    what: "sends a length beside chunked",
    says: wire("HTTP/1.1 200 OK", "Content-Length: 1", "Transfer-Encoding: chunked"),
    status: 502,
    code: "UPSTREAM_BROKEN",
  },
  {
    what: "sends a header of 17 KiB",
    says: wire("HTTP/1.1 200 OK", `X-A: ${"a".repeat(17 * 1024)}`),
    status: 502,
    code: "UPSTREAM_BROKEN",
  },
  {
    what: "switches protocols unasked",
    says: wire("HTTP/1.1 101 Switching Protocols", "Connection: upgrade", "Upgrade: x"),
    status: 502,
    code: "UPSTREAM_BROKEN",
  },
  { what: "sends 17 interim responses", says: wire("HTTP/1.1 103 Early Hints").repeat(17), status: 502, code: "UPSTREAM_BROKEN" },
];

test.each(badTargets)("a target that $what: $status $code", async ({ says, status, code }) => {
  const gateway = await gatewayTo(await rawTarget(says));
  const response = await ask(gateway.port, "GET / HTTP/1.1", "Host: a");
  expect(response.status).toBe(status);
  expect(JSON.parse(response.body).error.code).toBe(code);
});

test("a target nobody listens at: 502 UPSTREAM_REFUSED, also for a request with a body, and the connection goes on", async () => {
  const gone = await openTarget();
  await gone.close();
  const gateway = await gatewayTo(gone.origin);
  const conversation = await converse(gateway.port);
  for (const body of ["", "x".repeat(200_000)]) {
    conversation.write(`${wire("POST / HTTP/1.1", "Host: a", `Content-Length: ${body.length}`)}${body}`);
    expect(await conversation.readUntil(/UPSTREAM_REFUSED/)).toMatch(/^HTTP\/1\.1 502 /);
  }
  conversation.socket.destroy();
});

test("a target that takes the request and says nothing: 504 UPSTREAM_TIMEOUT", async () => {
  const gateway = await gatewayTo(await rawTarget("", { ends: false }), { limits: { upstreamHeadersTimeoutMs: 100 } });
  const response = await ask(gateway.port, "GET / HTTP/1.1", "Host: a");
  expect([response.status, JSON.parse(response.body).error.code]).toEqual([504, "UPSTREAM_TIMEOUT"]);
});

test("a response that breaks off is broken off for the client too", async () => {
  const records: ExchangeRecord[] = [];
  const origin = await rawTarget(`${wire("HTTP/1.1 200 OK", "Content-Length: 10")}half`);
  const gateway = await gatewayTo(origin, { onExchange: (record) => records.push(record) });
  const response = parseResponse(await sendRaw(gateway.port, wire("GET / HTTP/1.1", "Host: a")));
  expect(response).toMatchObject({ status: 200, body: "half" });
  await until(() => records.length > 0);
  expect(records).toMatchObject([{ status: 200, fault: "UPSTREAM_BROKEN", isComplete: false }]);
});

const plainResponses = [
  {
    what: "HEAD with a length",
    method: "HEAD",
    says: wire("HTTP/1.1 200 OK", "Content-Length: 5"),
    expected: { status: 200, body: "", has: /Content-Length: 5/i },
  },
  {
    what: "204 with a length",
    method: "GET",
    says: wire("HTTP/1.1 204 No Content", "Content-Length: 0"),
    expected: { status: 204, body: "", lacks: /Content-Length|Transfer-Encoding/i },
  },
  {
    what: "304 with an ETag",
    method: "GET",
    says: wire("HTTP/1.1 304 Not Modified", 'ETag: "1"'),
    expected: { status: 304, body: "", has: /ETag: "1"/, lacks: /Transfer-Encoding/i },
  },
  {
    what: "a body up to the end",
    method: "GET",
    says: `${wire("HTTP/1.1 200 OK")}all of it`,
    expected: { status: 200, body: "all of it" },
  },
  {
    what: "an own reason",
    method: "GET",
    says: wire("HTTP/1.1 299 Fine by me", "Content-Length: 0"),
    expected: { status: 299, body: "", has: /^HTTP\/1\.1 299 Fine by me$/m },
  },
  {
    what: "two cookies",
    method: "GET",
    says: wire("HTTP/1.1 200 OK", "Set-Cookie: a=1", "Content-Length: 0", "set-cookie: b=2"),
    expected: { status: 200, body: "", has: /Set-Cookie: a=1[\s\S]*set-cookie: b=2/ },
  },
  {
    what: "bytes above 0x7f in a field",
    method: "GET",
    says: wire("HTTP/1.1 200 OK", "X-A: \xe4\xff", "Content-Length: 0"),
    expected: { status: 200, body: "", has: /X-A: \xe4\xff/ },
  },
  {
    what: "fields for everybody that the target names in Connection",
    method: "GET",
    says: wire(
      "HTTP/1.1 206 Partial Content",
      "Connection: cache-control, Set-Cookie, vary, content-range, content-length",
      "Cache-Control: private",
      "Set-Cookie: a=1",
      "Vary: Cookie",
      "Content-Range: bytes 0-0/1",
      "Content-Length: 0",
    ),
    expected: {
      status: 206,
      body: "",
      has: /Cache-Control: private\r\nSet-Cookie: a=1\r\nVary: Cookie\r\nContent-Range: bytes 0-0\/1\r\nContent-Length: 0/,
    },
  },
  {
    what: "fields about the target's connection",
    method: "GET",
    says: wire(
      "HTTP/1.1 200 OK",
      "Connection: keep-alive, X-Hop",
      "X-Hop: 1",
      "Keep-Alive: timeout=9",
      "Proxy-Connection: x",
      "Content-Length: 0",
    ),
    expected: { status: 200, body: "", lacks: /X-Hop|timeout=9|Proxy-Connection/i },
  },
];

test.each(plainResponses)("$what passes by the book", async ({ method, says, expected }) => {
  const gateway = await gatewayTo(await rawTarget(says));
  const text = await sendRaw(gateway.port, wire(`${method} / HTTP/1.0`, "Host: a"));
  expect(parseResponse(text)).toMatchObject({ status: expected.status, body: expected.body });
  if (expected.has) expect(text).toMatch(expected.has);
  if (expected.lacks) expect(parseResponse(text).head).not.toMatch(expected.lacks);
});

test("trailers of a response pass, but none that would change its framing", async () => {
  const trailers = wire("0", "X-Sum: 42", "Connection: x", "Set-Cookie: a=1");
  const gateway = await gatewayTo(
    await rawTarget(`${wire("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum")}2\r\nok\r\n${trailers}`),
  );
  const text = await sendRaw(gateway.port, wire("GET / HTTP/1.1", "Host: a", "Connection: close"));
  expect(text).toMatch(/\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n$/);
});

test("the header of a response does not wait for its body", async () => {
  const header = wire("HTTP/1.1 200 OK", "Content-Type: text/event-stream", "X-A: \xe4\xff", "Content-Length: 1");
  const gateway = await gatewayTo(await rawTarget(header, { ends: false }));
  const conversation = await converse(gateway.port);
  conversation.write(wire("GET / HTTP/1.1", "Host: a"));
  expect(await conversation.readUntil(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*X-A: \xe4\xff\r\n/);
  conversation.socket.destroy();
});

test("bodies stream both ways: each part arrives before the next is sent", async () => {
  const target = own(
    await openTarget((request, response) => {
      response.writeHead(200);
      request.on("data", (chunk: Buffer) => response.write(`<${chunk.toString()}>`));
      request.on("end", () => response.end("<end>"));
    }),
  );
  const gateway = await gatewayTo(target.origin);
  const conversation = await converse(gateway.port);
  conversation.write(wire("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"));
  for (const part of ["one", "two", "three"]) {
    conversation.write(`${part.length.toString(16)}\r\n${part}\r\n`);
    await conversation.readUntil(new RegExp(`<${part}>`));
  }
  conversation.write("0\r\n\r\n");
  await conversation.readUntil(/<end>\r\n0\r\n\r\n/);
  conversation.socket.destroy();
});

/** More than all buffers between the two ends hold together. */
const FAR_TOO_MUCH_BYTES = 64 * 1024 * 1024;

test("a client that does not read holds back the target", async () => {
  let written = 0;
  let isHeldBack = false;
  const chunk = Buffer.alloc(64 * 1024);
  const target = own(
    await openTarget((_request, response) => {
      const more = (): void => {
        while (written < FAR_TOO_MUCH_BYTES) {
          written += chunk.length;
          if (!response.write(chunk)) {
            isHeldBack = true;
            response.once("drain", () => {
              isHeldBack = false;
              more();
            });
            return;
          }
        }
        response.end();
      };
      more();
    }),
  );
  const gateway = await gatewayTo(target.origin);
  const conversation = await converse(gateway.port);
  conversation.socket.pause();
  conversation.write(wire("GET / HTTP/1.1", "Host: a", "Connection: close"));
  await settled(() => written);
  expect(isHeldBack).toBe(true);
  expect(written).toBeLessThan(FAR_TOO_MUCH_BYTES);
  conversation.socket.removeAllListeners("data");
  let read = 0;
  conversation.socket.on("data", (part: Buffer) => {
    read += part.length;
  });
  conversation.socket.resume();
  await conversation.closed;
  expect(read).toBeGreaterThan(FAR_TOO_MUCH_BYTES);
});

test("a target that does not read holds back the client, and gets the whole body in the end", async () => {
  let start: (() => void) | undefined;
  const target = own(
    await openTarget((request, response) => {
      let bytes = 0;
      request.pause();
      start = () => {
        request.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
        });
        request.on("end", () => response.end(`read ${bytes}`));
        request.resume();
      };
    }),
  );
  const gateway = await gatewayTo(target.origin);
  const conversation = await converse(gateway.port);
  conversation.write(wire("POST / HTTP/1.1", "Host: a", `Content-Length: ${FAR_TOO_MUCH_BYTES}`));
  let sent = 0;
  const chunk = Buffer.alloc(64 * 1024);
  const more = (): void => {
    while (sent < FAR_TOO_MUCH_BYTES) {
      sent += chunk.length;
      if (!conversation.socket.write(chunk)) {
        conversation.socket.once("drain", more);
        return;
      }
    }
  };
  more();
  await until(() => start !== undefined);
  await settled(() => sent);
  expect(sent).toBeLessThan(FAR_TOO_MUCH_BYTES);
  start?.();
  await conversation.readUntil(new RegExp(`read ${FAR_TOO_MUCH_BYTES}`));
  conversation.socket.destroy();
});

/** Waits until a number no longer changes for a while. It may stand still early, never too late: so it only bounds from below. */
async function settled(read: () => number): Promise<void> {
  let last = -1;
  for (let still = 0; still < 10; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    still = read() === last && last > 0 ? still + 1 : 0;
    last = read();
  }
}

const leavings = [
  { what: "before the response", answers: false },
  { what: "in the middle of it", answers: true },
  { what: "by ending its side only", answers: false, endsOnly: true },
];

test.each(leavings)("a client that leaves $what takes the request to the target with it", async ({ answers, endsOnly = false }) => {
  let isAsked = false;
  let isLeft = false;
  const records: ExchangeRecord[] = [];
  const target = own(
    await openTarget((_request, response) => {
      isAsked = true;
      if (answers) response.write("a part");
      response.on("close", () => {
        isLeft = true;
      });
    }),
  );
  const gateway = await gatewayTo(target.origin, { onExchange: (record) => records.push(record) });
  const conversation = await converse(gateway.port);
  conversation.write(wire("GET / HTTP/1.1", "Host: a"));
  await (answers ? conversation.readUntil(/a part/) : until(() => isAsked));
  if (endsOnly) conversation.socket.end();
  else conversation.socket.destroy();
  await until(() => isLeft && records.length > 0);
  expect(records).toMatchObject([{ status: answers ? 200 : undefined, isComplete: false }]);
});

test("a client that leaves in the middle of its body takes the request with it", async () => {
  let isBroken = false;
  let isAsked = false;
  const target = own(
    await openTarget((request) => {
      isAsked = true;
      request.resume();
      request.on("error", () => {
        isBroken = true;
      });
    }),
  );
  const gateway = await gatewayTo(target.origin);
  const conversation = await converse(gateway.port);
  conversation.write(`${wire("POST / HTTP/1.1", "Host: a", "Content-Length: 10")}12345`);
  await until(() => isAsked);
  conversation.socket.destroy();
  await until(() => isBroken);
});

test("a target that answers before the body is complete is heard, and the connection goes on", async () => {
  const target = own(await openTarget((_request, response) => response.writeHead(413, { connection: "close" }).end("too much")));
  const gateway = await gatewayTo(target.origin);
  const conversation = await converse(gateway.port);
  const half = "x".repeat(100_000);
  conversation.write(`${wire("POST /a HTTP/1.1", "Host: a", `Content-Length: ${half.length * 2}`)}${half}`);
  await conversation.readUntil(/413[\s\S]*too much/);
  conversation.write(`${half}${wire("GET /b HTTP/1.1", "Host: a")}`);
  await conversation.readUntil(/413[\s\S]*too much/);
  conversation.socket.destroy();
});

test("100 Continue is said when the target is asked, and never for a request that is refused", async () => {
  const target = own(await openTarget());
  const gateway = own(await openTestGateway(snapshotOf([{ target: target.origin, basePath: "/yes" }])));
  const conversation = await converse(gateway.port);
  conversation.write(wire("POST /yes HTTP/1.1", "Host: a", "Content-Length: 2", "Expect: 100-continue"));
  expect(await conversation.readUntil(/\r\n\r\n/)).toBe(wire("HTTP/1.1 100 Continue"));
  conversation.write("ok");
  await conversation.readUntil(/POST \/yes/);
  expect(target.received[0]?.body).toBe("ok");
  conversation.write(wire("POST /no HTTP/1.1", "Host: a", "Content-Length: 2", "Expect: 100-continue"));
  const refusal = await conversation.readUntil(/NO_ROUTE/);
  expect(refusal).toMatch(/^HTTP\/1\.1 404 /);
  expect(refusal).toMatch(/Connection: close/);
  await conversation.closed;
});

test("requests in a pipeline are answered in order", async () => {
  const target = own(await openTarget());
  const gateway = await gatewayTo(target.origin);
  const text = await sendRaw(gateway.port, wire("GET /1 HTTP/1.1", "Host: a") + wire("GET /2 HTTP/1.1", "Host: a", "Connection: close"));
  expect(text).toMatch(/GET \/1[\s\S]*GET \/2/);
});
