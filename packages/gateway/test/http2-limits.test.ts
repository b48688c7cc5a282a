import type { Notice } from "@wherefrom/gateway";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { FrameWatch } from "../src/listen/http2/frame-watch.ts";
import { countFields } from "../src/listen/http2/hpack-fields.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import {
  END_HEADERS,
  END_STREAM,
  type Field,
  FRAMES,
  frame,
  literals,
  openRawHttp2,
  PADDED,
  PREFACE,
  type RawHttp2,
  request,
} from "./rig/http2-frames.ts";
import { openTarget, type Target } from "./rig/target.ts";

const GOOD: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/"],
];
const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

let target: Target;
let gateway: TestGateway | undefined;
let notices: Notice[] = [];

beforeAll(async () => {
  target = await openTarget();
});
afterEach(async () => {
  await gateway?.close();
  notices = [];
});
afterAll(() => target.close());

async function open(limits: object = {}): Promise<RawHttp2> {
  gateway = await openTestGateway(snapshotOf([{ target: target.origin }], { policy: { peerAddressAlgorithm: {} } }), {
    listeners: [{ port: 0, http2: true }],
    onNotice: (notice) => void notices.push(notice),
    limits,
  });
  return openRawHttp2(gateway.port);
}

const excesses = (): string[] =>
  notices.flatMap(({ code, message }) => (code === "HTTP2_EXCESS" ? [message.replace(/^.*sent too many /, "")] : []));

/** So many of something, one behind the other. */
const many = (count: number, make: (index: number) => Buffer): Buffer[] => Array.from({ length: count }, (_, index) => make(index));

/** The default. */
const MAX_RESETS = 200;
/** More than the buffers between the two ends hold. */
const FAR_TOO_MUCH_BYTES = 64 * 1_048_576;

/** Sends until the far end has closed, and says how much of far too much it has not taken. */
async function sendOn({ socket, closed }: RawHttp2): Promise<number> {
  const chunk = Buffer.alloc(1_048_576);
  let taken = 0;
  const all = (async () => {
    while (taken < FAR_TOO_MUCH_BYTES && socket.writable) {
      await new Promise((resolve) => socket.write(chunk, resolve));
      taken += chunk.length;
    }
  })();
  await Promise.race([all, closed]);
  return FAR_TOO_MUCH_BYTES - taken;
}

describe("a client that costs too much is closed", () => {
  const floods: { what: string; frames: () => Buffer[]; says: string }[] = [
    {
      what: "opens and resets streams", // CVE-2023-44487
      frames: () =>
        many(400, (index) =>
          Buffer.concat([request(2 * index + 1, GOOD), frame("RST_STREAM", { stream: 2 * index + 1, payload: word(8) })]),
        ),
      says: "resets",
    },
    {
      what: "sends SETTINGS without end",
      frames: () => many(1_200, () => frame("SETTINGS", { payload: Buffer.from([0, 4, 0, 1, 0, 0]) })),
      says: "control frames",
    },
    { what: "pings without end", frames: () => many(1_200, () => frame("PING", { payload: Buffer.alloc(8) })), says: "control frames" },
    {
      what: "changes priorities without end",
      frames: () => many(1_200, () => frame("PRIORITY", { stream: 1, payload: Buffer.from([0, 0, 0, 0, 1]) })),
      says: "control frames",
    },
    {
      what: "sends empty data without end",
      frames: () => [request(1, GOOD, END_HEADERS), ...many(1_200, () => frame("DATA", { stream: 1 }))],
      says: "control frames",
    },
    {
      what: "sends frames nobody knows without end",
      frames: () => many(1_200, () => frame(0x42, { payload: Buffer.alloc(1) })),
      says: "control frames",
    },
    {
      what: "continues a header without end", // CVE-2024-27983
      frames: () => [
        request(1, GOOD, END_STREAM),
        ...many(1_200, () => frame("CONTINUATION", { stream: 1, payload: literals([["a", ""]]) })),
      ],
      says: "control frames",
    },
    {
      what: "continues a header with large pieces",
      frames: () => [
        request(1, GOOD, END_STREAM),
        ...many(4, () => frame("CONTINUATION", { stream: 1, payload: literals([["a", "a".repeat(8_000)]]) })),
      ],
      says: "header bytes",
    },
  ];
  test.each(floods)("that $what: after a bounded number of them, and what it sends on is not read", async ({ frames, says }) => {
    const asked = target.received.length;
    const client = await open();
    client.write(...frames());
    expect(await client.goaway).toBe("ENHANCE_YOUR_CALM");
    const untaken = await sendOn(client);
    await client.closed;
    expect(excesses()).toEqual([says]);
    expect(untaken).toBeGreaterThan(0);
    expect(target.received.length - asked).toBeLessThanOrEqual(MAX_RESETS);
  });

  test("that makes the gateway reset streams", async () => {
    const client = await open({ maxHttp2Resets: 20 });
    // A window update of nothing is an error of the stream, which the gateway then resets (CVE-2025-8671).
    const frames = many(60, (index) =>
      Buffer.concat([request(2 * index + 1, GOOD), frame("WINDOW_UPDATE", { stream: 2 * index + 1, payload: word(0) })]),
    );
    client.write(...frames);
    await client.closed;
  });

  test("that opens more streams than it may, again and again", async () => {
    const client = await open({ maxHttp2Streams: 2, maxHttp2Resets: 20 });
    client.write(...many(60, (index) => request(2 * index + 1, GOOD, END_HEADERS)));
    await client.closed;
  });

  test.each([
    { what: "no HTTP/2 behind the preface", bytes: Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n") },
    { what: "a frame longer than it may be", bytes: frame("DATA", { stream: 1, payload: Buffer.alloc(16_385) }) },
    { what: "data on a stream that was never opened", bytes: frame("DATA", { stream: 5, payload: Buffer.from("x") }) },
    { what: "a header on stream 0", bytes: request(0, GOOD) },
    { what: "a header on an even stream", bytes: request(2, GOOD) },
    {
      what: "a header that is no HPACK",
      bytes: frame("HEADERS", { stream: 1, flags: END_STREAM | END_HEADERS, payload: Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]) }),
    },
    {
      what: "padding longer than its frame",
      bytes: frame("HEADERS", {
        stream: 1,
        flags: END_STREAM | END_HEADERS | PADDED,
        payload: Buffer.concat([Buffer.from([255]), literals(GOOD)]),
      }),
    },
    {
      what: "another frame within a header",
      bytes: Buffer.concat([request(1, GOOD, END_STREAM), frame("PING", { payload: Buffer.alloc(8) })]),
    },
    { what: "a window past its end", bytes: frame("WINDOW_UPDATE", { payload: word(0x7fffffff) }) },
    { what: "a push", bytes: frame("PUSH_PROMISE", { stream: 1, flags: END_HEADERS, payload: Buffer.concat([word(2), literals(GOOD)]) }) },
  ])("that sends $what", async ({ bytes }) => {
    const asked = target.received.length;
    const client = await open({ lingerTimeoutMs: 60 });
    client.write(bytes);
    await client.closed;
    expect(target.received.length).toBe(asked);
  });
});

describe("what a client takes back in the same breath", () => {
  test.each([
    { what: "a malformed header", fields: [...GOOD, ["x a", "1"] as const] },
    { what: "a header that is too large", fields: [...GOOD, ["x-a", "a".repeat(4_096)] as const] },
    { what: "two hosts", fields: [...GOOD, ["host", "b"] as const] },
    { what: "a method that is not served", fields: [[":method", "TRACE"] as const, ...GOOD.slice(1)] },
    { what: "a good request", fields: GOOD },
    { what: "a good request with an expectation", fields: [...GOOD, ["expect", "100-continue"] as const] },
  ])("$what harms nobody", async ({ fields }) => {
    const client = await open({ maxHeaderBytes: 4_096 });
    client.write(
      ...many(20, (index) =>
        Buffer.concat([request(2 * index + 1, fields, END_HEADERS), frame("RST_STREAM", { stream: 2 * index + 1, payload: word(8) })]),
      ),
    );
    await client.ping();
    client.write(request(101, GOOD));
    expect(await client.ended(101)).toMatchObject({ status: 200 });
    client.socket.destroy();
  });
});

test("frames of any kind in any order never break the gateway", async () => {
  await open({ lingerTimeoutMs: 100 });
  const port = gateway?.port ?? 0;
  const anyFrame = fc
    .record({
      type: fc.nat(11),
      flags: fc.constantFrom(0, 1, 4, 5, 8, 9, 0x2d, 255),
      stream: fc.constantFrom(0, 1, 3, 5, 7, 2),
      payload: fc.uint8Array({ maxLength: 40 }),
    })
    .map(({ type, flags, stream, payload }) => frame(FRAMES[type] ?? type, { flags, stream, payload: Buffer.from(payload) }));
  const anyRequest = fc
    .record({
      stream: fc.constantFrom(1, 3, 5, 7),
      method: fc.constantFrom("GET", "POST", "CONNECT", ""),
      flags: fc.constantFrom(0, 1, 4, 5),
      extra: fc.string({ maxLength: 5 }),
    })
    .map(({ stream, method, flags, extra }) => request(stream, [[":method", method], ...GOOD.slice(1), [extra, extra]], flags));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(anyFrame, anyRequest), { minLength: 1, maxLength: 8 }), async (frames) => {
      const client = await openRawHttp2(port);
      client.socket.end(Buffer.concat(frames));
      await client.closed;
    }),
    { numRuns: 150 },
  );
  const after = await openRawHttp2(port);
  after.write(request(1, GOOD));
  expect(await after.ended(1)).toMatchObject({ status: 200 });
  after.socket.destroy();
});

describe("what stays within bounds is served", () => {
  test("resets and pings as a browser sends them", async () => {
    const client = await open();
    for (let index = 0; index < 50; index += 1) {
      const stream = 2 * index + 1;
      client.write(
        request(stream, GOOD),
        frame("RST_STREAM", { stream, payload: word(8) }),
        frame("PRIORITY", { stream, payload: Buffer.from([0, 0, 0, 0, 1]) }),
      );
    }
    await client.ping();
    client.write(request(201, GOOD));
    expect(await client.ended(201)).toMatchObject({ status: 200 });
    client.socket.destroy();
  });

  test("a header in many pieces, with padding and priority", async () => {
    const client = await open();
    const block = literals([...GOOD, ["x-a", "a".repeat(300)]]);
    const first = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 7]), block.subarray(0, 10), Buffer.alloc(3)]);
    client.write(
      frame("HEADERS", { stream: 1, flags: END_STREAM | PADDED | 0x20, payload: first }),
      frame("CONTINUATION", { stream: 1, payload: block.subarray(10, 20) }),
      frame("CONTINUATION", { stream: 1, flags: END_HEADERS, payload: block.subarray(20) }),
    );
    expect(await client.ended(1)).toMatchObject({ status: 200 });
    client.socket.destroy();
  });

  test("more streams than it may: the further ones are refused and can be sent again", async () => {
    const client = await open({ maxHttp2Streams: 2 });
    client.write(request(1, GOOD, END_HEADERS), request(3, GOOD, END_HEADERS), request(5, GOOD));
    expect(await client.ended(5)).toEqual({ reset: "REFUSED_STREAM" });
    client.write(frame("DATA", { stream: 1, flags: END_STREAM }), frame("DATA", { stream: 3, flags: END_STREAM }));
    expect(await Promise.all([client.ended(1), client.ended(3)])).toMatchObject([{ status: 200 }, { status: 200 }]);
    client.write(request(7, GOOD));
    expect(await client.ended(7)).toMatchObject({ status: 200 });
    client.socket.destroy();
  });

  test("a header that is small on the wire and large when it is read is reset", async () => {
    const client = await open();
    // The client has to know the limit first.
    await client.ping();
    // One long field goes into the table and is then named by one byte, again and again.
    const bomb = Buffer.concat([
      literals(GOOD),
      Buffer.from([0x40, 3]),
      Buffer.from("x-a"),
      Buffer.from([0x7f, 0x81, 0x1e]),
      Buffer.alloc(3_968, 97),
      Buffer.alloc(200, 0xbe),
    ]);
    client.write(frame("HEADERS", { stream: 1, flags: END_STREAM | END_HEADERS, payload: bomb }));
    expect(await client.ended(1)).toEqual({ reset: "ENHANCE_YOUR_CALM" });
    client.write(request(3, GOOD));
    expect(await client.ended(3)).toMatchObject({ status: 200 });
    client.socket.destroy();
  });

  test.each([
    { fields: 100, status: 200 },
    { fields: 101, status: 431 },
  ])("$fields fields: $status", async ({ fields, status }) => {
    const client = await open();
    // Host counts, the other pseudo-headers do not.
    client.write(request(1, [...GOOD, ...Array.from({ length: fields - 1 }, (_, index): Field => [`x-${index}`, "1"])]));
    expect(await client.ended(1)).toMatchObject({ status });
    client.socket.destroy();
  });
});

describe("the fields of a header block are counted without decoding it", () => {
  const cases = [
    { what: "nothing", block: "", count: 0 },
    { what: "an indexed field", block: "82", count: 1 },
    { what: "a new table size, which is no field", block: "3fe11f82", count: 1 },
    { what: "a literal with an indexed name", block: "4101" + "61", count: 1 },
    { what: "a literal with a name", block: "4001610162", count: 1 },
    { what: "a literal that is never indexed", block: "1001610162", count: 1 },
    { what: "an index of several bytes", block: "ff8001", count: 1 },
    { what: "RFC 7541 C.3.1", block: "828684410f7777772e6578616d706c652e636f6d", count: 4 },
    { what: "RFC 7541 C.4.3, by Huffman's code", block: "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", count: 5 },
    { what: "a literal without its value", block: "400161", count: undefined },
    { what: "a value that is cut", block: "4001610562", count: undefined },
    { what: "an integer that is cut", block: "ff80", count: undefined },
    { what: "an integer that never ends", block: "ffffffffffffffffff", count: undefined },
  ];
  test.each(cases)("$what: $count", ({ block, count }) => {
    expect(countFields(Buffer.from(block, "hex"))).toBe(count);
  });

  test("however they are written", () => {
    const text = fc.string({ maxLength: 200 });
    const field = fc.record({ name: text, value: text, first: fc.constantFrom(0x00, 0x10, 0x40) });
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        const block = Buffer.concat(
          fields.map(({ name, value, first }) => {
            const written = literals([[name, value]]);
            written[0] = first;
            return written;
          }),
        );
        expect(countFields(block)).toBe(fields.length);
        for (let cut = 0; cut < block.length; cut += 7) expect(countFields(block.subarray(0, cut)) ?? 0).toBeLessThanOrEqual(fields.length);
      }),
    );
  });

  test("however the bytes of their frames come", () => {
    const block = literals([...GOOD, ["x-a", "b"]]);
    const bytes = Buffer.concat([
      PREFACE,
      frame("SETTINGS"),
      request(1, GOOD),
      frame("DATA", { stream: 1, payload: Buffer.alloc(300) }),
      frame("HEADERS", {
        stream: 3,
        flags: END_STREAM | PADDED,
        payload: Buffer.concat([Buffer.from([2]), block.subarray(0, 9), Buffer.alloc(2)]),
      }),
      frame("CONTINUATION", { stream: 3, flags: END_HEADERS, payload: block.subarray(9) }),
      request(5, []),
    ]);
    const limits = { maxHttp2Resets: 10, maxHttp2ControlFrames: 10 };
    for (let size = 1; size <= bytes.length; size += 1) {
      const watch = new FrameWatch({ limits, maxBlockBytes: 1_000, now: () => 0 });
      for (let at = 0; at < bytes.length; at += size) expect(watch.look(bytes.subarray(at, at + size))).toBeUndefined();
      expect([1, 3, 5, 7].map((stream) => watch.takeFieldCount(stream))).toEqual([4, 5, 0, undefined]);
      expect(watch.takeFieldCount(1)).toBeUndefined();
    }
  });
});
