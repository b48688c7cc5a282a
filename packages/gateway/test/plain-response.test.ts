import { createServer } from "node:http";
import { connect, createServer as createNetServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientResponse } from "../src/client-message.ts";
import { PlainResponse } from "../src/listen/plain/plain-response.ts";
import { until } from "./rig/wire.ts";

const KEEP_ALIVE_MS = 65_000;

/** What the server under test does with a response, and by what method it was asked. */
type Writing = { readonly method: "GET" | "HEAD"; readonly write: (response: ClientResponse) => void };

let writing: Writing;
let events: string[] = [];
let error: unknown;

function act(response: ClientResponse): void {
  for (const event of ["finish", "close"] as const) response.on(event, () => events.push(event));
  try {
    writing.write(response);
  } catch (thrown) {
    error = thrown;
    response.destroy();
  }
}

const byNode = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (_request, response) => act(response));
const byUs = createNetServer({ allowHalfOpen: true }, (socket) => {
  const onFinished = ({ shouldKeepAlive }: PlainResponse): void => {
    if (!shouldKeepAlive) socket.end();
  };
  socket.once("data", () => {
    const response = new PlainResponse(socket, { method: writing.method, keepAliveTimeoutMs: KEEP_ALIVE_MS, onFinished });
    socket.on("drain", () => response.drained());
    socket.on("close", () => response.close());
    socket.on("error", () => undefined);
    act(response);
  });
});

beforeAll(async () => {
  for (const server of [byNode, byUs]) await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  byNode.close();
  byNode.closeAllConnections();
  byUs.close();
});

/** Asks, and waits until the response is closed and `isAll` of it is there, or the far end has ended. */
async function hear(server: Server, isAll: (bytes: string) => boolean) {
  const { port } = server.address() as { port: number };
  const socket = connect({ port, host: "127.0.0.1" });
  let bytes = "";
  let ends = false;
  events = [];
  error = undefined;
  socket.setEncoding("latin1").on("data", (chunk) => (bytes += chunk));
  for (const event of ["end", "error"] as const) socket.on(event, () => (ends = true));
  socket.write(`${writing.method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
  await until(() => events.includes("close") && (ends || isAll(bytes)));
  socket.destroy();
  return { bytes: bytes.replace(/^Date: .*GMT\r$/m, "Date: now\r"), ends, events, error };
}

const ab = Buffer.from("ab");
const long = Buffer.alloc(40_000, "x");
const huge = Buffer.alloc(4_000_000, "y");
const length = (bytes: number): string[] => ["Content-Length", String(bytes)];
const others = ["Content-Type", "text/plain", "X-A", "\xe4 b"];

type Row = {
  readonly what: string;
  readonly method?: "HEAD";
  readonly status?: number;
  readonly reason?: string;
  readonly fields: string[];
  readonly pieces?: readonly Buffer[];
  readonly trailers?: [string, string][];
  /** Comes with the end. */
  readonly last?: Buffer | string;
  /** The end comes in a later turn of the loop. */
  readonly endsLater?: true;
  /** The connection ends with it. */
  readonly isLast?: true;
};

const rows: Row[] = [
  { what: "a short body of known length", fields: [...others, ...length(2)], last: ab },
  { what: "a short body as text", status: 404, fields: length(3), last: "\u20ac" },
  { what: "a long body of known length", fields: ["content-length", "40000"], last: long },
  { what: "a body in two pieces", fields: length(40_002), pieces: [long, ab] },
  { what: "a body larger than the system takes at once", fields: length(4_000_000), pieces: [huge] },
  { what: "the header first", fields: length(2), pieces: [Buffer.alloc(0)], last: ab, endsLater: true },
  { what: "a part first", fields: length(4), pieces: [ab], last: ab, endsLater: true },
  { what: "a body of unknown length", fields: others, pieces: [long, ab] },
  { what: "a body of unknown length whose end comes later", fields: others, pieces: [ab], endsLater: true },
  { what: "the last piece with the end", fields: others, last: ab },
  { what: "no body, of unknown length", fields: others },
  { what: "a length of nothing", fields: length(0) },
  {
    what: "trailers",
    fields: ["Trailer", "X-A"],
    pieces: [ab],
    trailers: [
      ["X-A", "1"],
      ["X-B", "\xe4"],
    ],
  },
  { what: "trailers behind a known length", fields: length(2), trailers: [["X-A", "1"]], last: ab },
  { what: "an answer to HEAD with a length", method: "HEAD", fields: length(2), last: ab },
  { what: "an answer to HEAD without one", method: "HEAD", fields: others },
  { what: "204", status: 204, fields: [] },
  { what: "304 with a length", status: 304, fields: length(2) },
  { what: "205", status: 205, fields: length(0) },
  { what: "a reason of its own", reason: "As You Like", fields: length(0) },
  { what: "no reason", reason: "", fields: length(0) },
  { what: "a status that nobody knows", status: 299, fields: length(0) },
  { what: "a date of its own", fields: ["date", "then", ...length(0)] },
  { what: "the last answer", fields: length(2), last: ab, isLast: true },
  { what: "the last answer of unknown length", fields: [], last: ab, isLast: true },
  { what: "the last answer by its own word", status: 400, fields: [...length(2), "Connection", "close"], last: "ab" },
];

function write(response: ClientResponse, { status = 200, reason, fields, pieces = [], trailers, last, endsLater, isLast }: Row): void {
  if (isLast) response.shouldKeepAlive = false;
  if (reason === undefined) response.writeHead(status, fields);
  else response.writeHead(status, reason, fields);
  for (const piece of pieces) response.write(piece);
  if (trailers !== undefined) response.addTrailers(trailers);
  if (endsLater) setImmediate(() => response.end(last));
  else response.end(last);
}

describe("what it writes is what Node's would have written:", () => {
  test.each(rows)("$what", async (row) => {
    const { method = "GET" } = row;
    writing = { method, write: (response) => write(response, row) };
    // the far end of a last answer ends, sooner or later
    const isAll = (bytes: string): boolean => !isLastOf(row) && isWhole(bytes, method);
    const there = await hear(byNode, isAll);
    const here = await hear(byUs, isAll);
    expect(there).toMatchObject({ bytes: expect.stringContaining("HTTP/1.1 "), events: ["finish", "close"], error: undefined });
    // apart from the bytes, which no failure should print in full
    expect({ ...here, bytes: here.bytes.slice(0, 400) }).toEqual({ ...there, bytes: there.bytes.slice(0, 400) });
    expect(here.bytes === there.bytes).toBe(true);
  });

  const unwritable: { what: string; fields: string[] }[] = [
    { what: "an end of line in a value", fields: ["A", "b\r\nC: d"] },
    { what: "NUL in a value", fields: ["A", "\0"] },
    { what: "a character of two bytes in a value", fields: ["A", "\u0100"] },
    { what: "an end of line in a name", fields: ["A\r\nB", "c"] },
    { what: "a colon in a name", fields: ["A:", "c"] },
    { what: "no name", fields: ["", "c"] },
  ];

  test.each(unwritable)("nothing, for $what", async ({ fields }) => {
    for (const server of [byNode, byUs]) {
      let response: ClientResponse | undefined;
      const note = (one: ClientResponse): void => {
        response = one;
        one.writeHead(200, [...length(0), ...fields]);
      };
      writing = { method: "GET", write: note };
      const heard = await hear(server, () => false);
      expect({ bytes: heard.bytes, hasBegun: response?.headersSent, isError: heard.error instanceof Error }).toEqual({
        bytes: "",
        hasBegun: false,
        isError: true,
      });
    }
  });
});

function isLastOf({ isLast, fields }: Row): boolean {
  return isLast === true || fields.includes("close");
}

/** Whether a response is all there, by its own framing. */
function isWhole(bytes: string, method: string): boolean {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const isBodiless = method === "HEAD" || / (?:204|304) /.test(bytes.slice(0, 14));
  const known = /^content-length: (\d+)\r$/im.exec(bytes)?.[1];
  if (isBodiless) return true;
  return known === undefined ? /\r\n0\r\n(?:[^\r\n]+\r\n)*\r\n$/.test(bytes) : bytes.length >= end + 4 + Number(known);
}

test("it asks to wait, and says when there is room again", async () => {
  const pieces = 10;
  let written = 0;
  let asked = 0;
  const more = (response: ClientResponse): void => {
    while (written < pieces) {
      written += 1;
      if (response.write(huge)) continue;
      asked += 1;
      return void response.once("drain", () => more(response));
    }
    response.end();
  };
  const begin = (response: ClientResponse): void => {
    response.writeHead(200, length(huge.length * pieces));
    more(response);
  };
  writing = { method: "GET", write: begin };
  const { bytes } = await hear(byUs, (all) => isWhole(all, "GET"));
  expect(asked).toBeGreaterThan(0);
  expect(bytes.length - bytes.indexOf("\r\n\r\n") - 4).toBe(huge.length * pieces);
});

test("it closes unfinished with its connection", async () => {
  let response: ClientResponse | undefined;
  const begin = (one: ClientResponse): void => {
    response = one;
    one.writeHead(200, length(5));
    one.write(ab);
  };
  writing = { method: "GET", write: begin };
  events = [];
  const socket = connect({ port: (byUs.address() as { port: number }).port, host: "127.0.0.1" });
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => response !== undefined);
  socket.resetAndDestroy();
  await until(() => events.length > 0);
  expect({ events, isFinished: response?.writableFinished }).toEqual({ events: ["close"], isFinished: false });
});
