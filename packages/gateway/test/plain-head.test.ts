import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readPlainHead } from "../src/listen/plain/plain-head.ts";
import { readByNode } from "./oracle/node-parser.ts";
import { readHttpCases } from "./rig/http-cases.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

const browser = [
  "GET /a/b?c=%20d HTTP/1.1",
  "Host: example.com:8080",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0)",
  "Accept: */*",
  "X-Forwarded-For: 203.0.113.7, 10.0.2.5",
  "Connection: keep-alive",
  "",
  "",
].join("\r\n");

const handshake = [
  "GET /socket HTTP/1.1",
  "Host: example.com",
  "Connection: keep-alive, Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "",
  "",
].join("\r\n");

const plain: { text: string; url: string; fields: string[]; method?: string; isUpgrade?: true }[] = [
  { text: "GET / HTTP/1.1\r\n\r\n", url: "/", fields: [] },
  { text: "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n", url: "/x", fields: ["Host", "a"], method: "HEAD" },
  { text: "GET // HTTP/1.1\r\nhOsT:a\r\n\r\n", url: "//", fields: ["hOsT", "a"] },
  {
    text: "GET /?q=[1]|{2} HTTP/1.1\r\nA: \t b\tc \t\r\nA:\r\nB: \t \r\n\r\n",
    url: "/?q=[1]|{2}",
    fields: ["A", "b\tc", "A", "", "B", ""],
  },
  {
    text: "GET / HTTP/1.1\r\nCONNECTION: Keep-Alive\r\nConnection: keep-alive\r\n\r\n",
    url: "/",
    fields: ["CONNECTION", "Keep-Alive", "Connection", "keep-alive"],
  },
  { text: "GET / HTTP/1.1\r\nTE: trailers\r\nKeep-Alive: 5\r\n\r\n", url: "/", fields: ["TE", "trailers", "Keep-Alive", "5"] },
  {
    text: "GET / HTTP/1.1\r\nconnection: UPGRADE\r\nUpgrade: WebSocket\r\n\r\n",
    url: "/",
    fields: ["connection", "UPGRADE", "Upgrade", "WebSocket"],
    isUpgrade: true,
  },
];

test.each(plain)("$text is read", ({ text, url, fields, method = "GET", isUpgrade = false }) => {
  expect(readPlainHead(latin1(text))).toEqual({ method, url, rawHeaders: fields, isUpgrade });
});

const line = "GET / HTTP/1.1\r\n";
const left: { what: string; text: string }[] = [
  { what: "nothing", text: "" },
  { what: "half a header", text: `${line}Host: a\r\n` },
  { what: "a header without its last byte", text: `${line}Host: a\r\n\r` },
  { what: "a byte behind it", text: `${line}Host: a\r\n\r\nX` },
  { what: "a second request behind it", text: `${line}\r\n${line}\r\n` },
  { what: "an empty line before it", text: `\r\n${line}\r\n` },
  { what: "a method with a body as a rule", text: "POST / HTTP/1.1\r\n\r\n" },
  { what: "a method that begins alike", text: "GETS / HTTP/1.1\r\n\r\n" },
  { what: "a method in lower case", text: "get / HTTP/1.1\r\n\r\n" },
  { what: "a method that ends alike", text: "XEAD / HTTP/1.1\r\n\r\n" },
  { what: "HTTP/1.0", text: "GET / HTTP/1.0\r\n\r\n" },
  { what: "HTTP/0.9", text: "GET /\r\n\r\n" },
  { what: "the absolute form", text: "GET http://a/ HTTP/1.1\r\n\r\n" },
  { what: "two spaces", text: "GET /  HTTP/1.1\r\n\r\n" },
  { what: "a target beyond ASCII", text: "GET /\xe4 HTTP/1.1\r\n\r\n" },
  { what: "a target with DEL", text: "GET /\x7f HTTP/1.1\r\n\r\n" },
  { what: "a value beyond ASCII", text: `${line}A: \xe4\r\n\r\n` },
  { what: "a value with NUL", text: `${line}A: \0\r\n\r\n` },
  { what: "a line that ends with LF", text: `${line}A: b\nC: d\r\n\r\n` },
  { what: "a line that ends with CR", text: `${line}A: b\rC: d\r\n\r\n` },
  { what: "an end of LF alone", text: `${line}A: b\n\n` },
  { what: "a folded line", text: `${line}A: b\r\n c\r\n\r\n` },
  { what: "a space before the colon", text: `${line}A : b\r\n\r\n` },
  { what: "a line without a colon", text: `${line}A\r\n\r\n` },
  { what: "a line without a name", text: `${line}: a\r\n\r\n` },
  { what: "a name that is no token", text: `${line}A(B: c\r\n\r\n` },
  { what: "a length", text: `${line}Content-Length: 0\r\n\r\n` },
  { what: "a coding", text: `${line}transfer-encoding: chunked\r\n\r\n` },
  { what: "an expectation", text: `${line}EXPECT: 100-continue\r\n\r\n` },
  { what: "announced trailers", text: `${line}Trailer: a\r\n\r\n` },
  { what: "an end of the connection", text: `${line}Connection: close\r\n\r\n` },
  { what: "a named field", text: `${line}Connection: keep-alive, x-forwarded-for\r\n\r\n` },
  { what: "an empty Connection", text: `${line}Connection:\r\n\r\n` },
  { what: "Proxy-Connection", text: `${line}Proxy-Connection: keep-alive\r\n\r\n` },
  { what: "another upgrade", text: `${line}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n` },
  { what: "two upgrades", text: `${line}Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n\r\n` },
  { what: "two that name it", text: `${line}Connection: Upgrade\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n` },
  { what: "an upgrade that is not named", text: `${line}Upgrade: websocket\r\n\r\n` },
  { what: "a named upgrade that is not there", text: `${line}Connection: Upgrade\r\n\r\n` },
  { what: "a handshake by HEAD", text: handshake.replace("GET", "HEAD") },
  { what: "a frame behind a handshake", text: `${handshake}\x81` },
];

test.each(left)("$what is for Node's parser", ({ text }) => {
  expect(readPlainHead(latin1(text))).toBeUndefined();
});

/** Where Node reads otherwise: `undefined` where it does not, or where nothing was read here. */
function otherThanNode(bytes: Buffer): object | undefined {
  const head = readPlainHead(bytes);
  if (head === undefined) return undefined;
  const { method, url, rawHeaders: fields, isUpgrade } = head;
  const here = {
    requests: [{ method, url, version: "1.1", fields, isUpgrade, behind: 0, hasBody: false, isExpecting: false, keepsAlive: true }],
    isWhole: true,
  };
  const there = readByNode(bytes);
  return JSON.stringify(here) === JSON.stringify(there) ? undefined : { bytes: bytes.toString("latin1"), here, there };
}

describe("what is read here Node reads alike", () => {
  test("and it does read", () => {
    const { requests, isWhole } = readByNode(latin1("POST /x HTTP/1.1\r\nContent-Length: 1\r\n\r\naGET / HTTP/1.1\r\n\r\n"));
    expect({ isWhole, read: requests.map(({ method, url, hasBody }) => [method, url, hasBody]) }).toEqual({
      isWhole: true,
      read: [
        ["POST", "/x", true],
        ["GET", "/", false],
      ],
    });
    expect(readByNode(latin1("GET / HTTP/1.1\r\nA : b\r\n\r\n"))).toEqual({ requests: [], isWhole: false });
  });

  test.each([browser, handshake])("%j, with any byte in any place", (text) => {
    let read = 0;
    const others: object[] = [];
    for (let at = 0; at < text.length; at += 1)
      for (let code = 0; code < 256; code += 1) {
        const bytes = latin1(text);
        bytes[at] = code;
        if (readPlainHead(bytes) !== undefined) read += 1;
        const other = otherThanNode(bytes);
        if (other !== undefined) others.push(other);
      }
    expect(read).toBeGreaterThan(text.length);
    expect(others).toEqual([]);
  });

  test("the cases of the corpus", () => {
    const cases = readHttpCases().flatMap((row) => row.cases);
    const read = cases.filter(({ bytes }) => readPlainHead(latin1(bytes)) !== undefined);
    expect(read.length).toBeGreaterThan(10);
    expect(read.flatMap(({ bytes }) => otherThanNode(latin1(bytes)) ?? [])).toEqual([]);
  });

  test("anything that is put together of what a header consists of", () => {
    let read = 0;
    fc.assert(
      fc.property(start, fc.array(field, { maxLength: 8 }), end, (first, fields, last) => {
        const bytes = latin1(first + fields.join("") + last);
        if (readPlainHead(bytes) !== undefined) read += 1;
        expect(otherThanNode(bytes)).toBeUndefined();
      }),
      { seed: 20261126, numRuns: 4_000 },
    );
    expect(read).toBeGreaterThan(400);
  });
});

const start = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("GET / HTTP/1.1\r\n", "HEAD /x?y HTTP/1.1\r\n", "GET /a HTTP/1.1\r\n") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "POST / HTTP/1.1\r\n",
      "GET / HTTP/1.0\r\n",
      "GET * HTTP/1.1\r\n",
      "\r\nGET / HTTP/1.1\r\n",
      "GET / HTTP/1.1\n",
    ),
  },
);
const usualName = fc.constantFrom("Host", "Accept", "X-Forwarded-For", "Cookie", "Sec-WebSocket-Key", "TE", "Keep-Alive", "A");
const framingName = fc.constantFrom(
  "Connection",
  "Upgrade",
  "Content-Length",
  "Transfer-Encoding",
  "Expect",
  "Proxy-Connection",
  "Trailer",
);
const value = fc.constantFrom(
  "",
  "a",
  "keep-alive",
  "close",
  "Upgrade",
  "keep-alive, Upgrade",
  "websocket",
  "h2c",
  "0",
  "5",
  "chunked",
  "100-continue",
  "a, b",
  "\xff",
  "a\0b",
  "\ta\t",
);
const field = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(usualName, value).map(([name, text]) => `${name}: ${text}\r\n`) },
  { weight: 2, arbitrary: fc.tuple(framingName, value).map(([name, text]) => `${name}:${text}\r\n`) },
  { weight: 1, arbitrary: fc.constantFrom(" folded\r\n", "A : b\r\n", "A\r\n", ": b\r\n", "A: b\n", "A: b\r", "\r\n") },
);
const end = fc.oneof(
  { weight: 8, arbitrary: fc.constant("\r\n") },
  { weight: 1, arbitrary: fc.constantFrom("", "\r", "\n", "\r\nX", "\r\n\r\n", "\r\nGET / HTTP/1.1\r\n\r\n") },
);

test("what is kept of a header keeps no more than itself", () => {
  const filler = `X-Filler: ${"x".repeat(60_000)}`;
  const keep = (number: number): readonly string[] => {
    const name = `X-Name-Of-More-Than-A-Dozen-${number}`;
    const head = readPlainHead(
      latin1(`GET /path-of-more-than-a-dozen-${number} HTTP/1.1\r\n${filler}\r\n${name}: value-of-more-than-a-dozen\r\n\r\n`),
    );
    return [head?.url ?? "", ...(head?.rawHeaders.slice(2) ?? [])];
  };
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const kept = Array.from({ length: 500 }, (_, number) => keep(number));
  collectGarbage();
  expect((process.memoryUsage().heapUsed - before) / kept.flat().length).toBeLessThan(2_000);
});
