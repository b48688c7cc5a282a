import { createHash } from "node:crypto";
import type { ClientHttp2Session } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expandValue, readCases, type WrittenValue } from "../../wherefrom/test/corpus.ts";
import { openTestGateway, portOf, snapshotOf, type TestGateway } from "./rig/gateway.ts";
import { HANDSHAKE } from "./rig/handshake.ts";
import { answerOn, connectHttp2 } from "./rig/http2-client.ts";
import { listenRaw, type RawTarget, sayBytes } from "./rig/raw-target.ts";
import { converse, joinChunks, parseResponse, sendRaw, until } from "./rig/wire.ts";

type Row = {
  readonly name: string;
  readonly why: string;
  readonly source: string;
  readonly says: WrittenValue;
  readonly each?: readonly string[];
  /** The target ends its side behind what it says. */
  readonly ends?: true;
  /** Of the answer that the client gets; 101 for a WebSocket. */
  readonly answer: number;
  /** Of the gateway's own answer. */
  readonly code?: string;
  /** Lines that the client gets. */
  readonly lines?: readonly string[];
  /** Behind the header: of the answer, or what the WebSocket says first. */
  readonly body?: string;
};

const cases = readCases<Row>("http-responses/handshake.json").flatMap((row) =>
  (row.each ?? [""]).map((each) => ({
    ...row,
    name: row.name.replace("{each}", () => each),
    says: expandValue(row.says).replaceAll("{each}", () => each),
  })),
);
type Case = (typeof cases)[number];

let target: RawTarget;
let gateway: TestGateway;
let isSplit = false;

/** What stands behind the handshakes: it must get to nobody who has not agreed. */
const BEHIND = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

beforeAll(async () => {
  target = await listenRaw((socket, heard) => {
    const [, index, key = ""] = /^GET \/(\d+) [\s\S]*\r\nsec-websocket-key: (\S+)\r\n[\s\S]*\r\n\r\n$/i.exec(heard) ?? [];
    const row = cases[Number(index)];
    if (row === undefined) return;
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    sayBytes(socket, { bytes: Buffer.from(row.says.replaceAll("{accept}", accept), "latin1"), isSplit, ends: row.ends ?? false });
  });
  const listeners = [{ port: 0 }, { port: 0, http2: true }];
  // one process says all cases byte by byte: on a busy machine they take their time
  gateway = await openTestGateway(snapshotOf([{ target: target.origin }]), { listeners, limits: { maxTargetFailures: 1_000 } });
});
afterAll(async () => {
  await gateway.close();
  await target.close();
});

type Outcome = { readonly status: number; readonly head: string; readonly body: string };

/** Asks over HTTP/1.1, with a request behind the handshake. */
async function overHttp1(row: Case, index: number): Promise<Outcome> {
  const asks = HANDSHAKE.replace("GET /", `GET /${index}`);
  const { status, head, body } = parseResponse(
    row.answer === 101 ? await open(asks, row.body) : await sendRaw(gateway.port, asks + BEHIND),
  );
  return { status, head, body: /^Transfer-Encoding: chunked\r?$/im.test(head) ? joinChunks(body).body : body };
}

async function open(asks: string, says = ""): Promise<string> {
  const client = await converse(gateway.port);
  client.write(asks);
  const text = await client.readUntil(new RegExp(`${says}$`));
  client.socket.destroy();
  return text;
}

/** Asks over HTTP/2, where 200 agrees. */
async function overHttp2(session: ClientHttp2Session, { row, index }: { row: Case; index: number }): Promise<Outcome> {
  const asks = { ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":path": `/${index}`, ":authority": "a" };
  const stream = session.request({ ...asks, "sec-websocket-version": "13" }, { endStream: false });
  if (row.answer === 101) stream.once("data", () => stream.close());
  const { status, headers, body } = await answerOn(stream);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return { status: row.answer === 101 && status === 200 ? 101 : status, head: lines.join("\r\n"), body };
}

/** The sentence to print where it is not as the row says. */
function judge(row: Case, { status, head, body }: Outcome): string | undefined {
  const code = /"code":"(?<code>\w+)"/.exec(body)?.groups?.["code"];
  const found = { status, code, ...(row.body !== undefined && { body }) };
  const wanted = { status: row.answer, code: row.code ?? code, ...(row.body !== undefined && { body: row.body }) };
  const missing = (row.lines ?? []).filter((line) => !head.toLowerCase().includes(line.toLowerCase()));
  const isRight = JSON.stringify(found) === JSON.stringify(wanted) && missing.length === 0;
  return isRight ? undefined : `${row.name}: found ${JSON.stringify(found)} ${missing}, wanted ${JSON.stringify(wanted)}`;
}

const ways = [
  { how: "whole, over HTTP/1.1", splits: false, isHttp2: false },
  { how: "byte by byte, over HTTP/1.1", splits: true, isHttp2: false },
  { how: "whole, over HTTP/2", splits: false, isHttp2: true },
];

test.each(ways)("each answer to a handshake, said $how, is what the table says, and its connection is closed behind it", async (way) => {
  isSplit = way.splits;
  const since = target.heard.length;
  const session = await connectHttp2(`http://127.0.0.1:${portOf(gateway, 1)}`);
  const outcomes = await Promise.all(
    cases.map(async (row, index) => judge(row, way.isHttp2 ? await overHttp2(session, { row, index }) : await overHttp1(row, index))),
  );
  session.destroy();
  expect(outcomes.filter((fault) => fault !== undefined)).toEqual([]);
  await until(() => target.sockets.size === 0);
  const heard = target.heard.slice(since);
  expect(heard).toHaveLength(cases.length);
  expect(heard.filter((text) => !/^GET \/\d+ HTTP[\s\S]*?\r\n\r\n$/.test(text) || text.includes("smuggled"))).toEqual([]);
});

test("the table has rows", () => {
  expect(cases.length).toBeGreaterThan(50);
});
