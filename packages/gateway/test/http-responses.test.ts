import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { readCases } from "../../wherefrom/test/corpus.ts";
import { openTestGateway, snapshotOf } from "./rig/gateway.ts";
import { own } from "./rig/owned.ts";
import { openRawTarget } from "./rig/raw-target.ts";
import { converse, parseResponse, sendRaw, wire } from "./rig/wire.ts";

type Row = {
  readonly name: string;
  readonly why: string;
  readonly source: string;
  readonly says: string;
  readonly each?: readonly string[];
  readonly answer: number;
  readonly body?: string;
  /** The answer is broken off. */
  readonly breaks?: true;
  /** The connection to the target may serve another request. */
  readonly keeps?: true;
};

const rows = readCases<Row>("http-responses/framing.json");

/** What the target says to every other request. */
const AFTER = `${wire("HTTP/1.1 200 OK", "Content-Length: 5")}after`;

/** Says the bytes whole, or each in a piece of its own. */
function say(socket: Socket, { bytes, isSplit }: { bytes: Buffer; isSplit: boolean }): void {
  if (!isSplit) return void socket.write(bytes);
  const next = (index: number): void => {
    if (index < bytes.length && socket.writable) socket.write(bytes.subarray(index, index + 1), () => setImmediate(next, index + 1));
  };
  next(0);
}

type Outcome = {
  readonly status: number;
  readonly body: string;
  /** Whether the client got the whole answer. */
  readonly isWhole: boolean;
  readonly after: string;
  /** How many connections the target has had for the two requests. */
  readonly connections: number;
};

/** Asks twice: the target says the bytes to the first request, and answers the second in good order. */
async function askTwice(bytes: Buffer, isSplit: boolean): Promise<Outcome> {
  const target = await openRawTarget((socket, heard) => {
    if (heard.includes("/after")) socket.write(AFTER);
    else if (heard.endsWith("\r\n\r\n")) say(socket, { bytes, isSplit });
  });
  const routes = [{ targets: [{ url: target.origin }], retries: { max: 0 } }];
  const gateway = own(await openTestGateway(snapshotOf(routes)));
  const answer = await sendRaw(gateway.port, wire("GET /first HTTP/1.1", "Host: a", "Connection: close"));
  const client = await converse(gateway.port);
  client.write(wire("GET /after HTTP/1.1", "Host: a"));
  const after = await client.readUntil(/\r\n\r\n[\s\S]+/);
  client.socket.destroy();
  return { ...readAnswer(answer), after: parseResponse(after).body, connections: target.heard.filter((text) => text !== "").length };
}

function readAnswer(text: string): Pick<Outcome, "status" | "body" | "isWhole"> {
  const { status, head, body } = parseResponse(text);
  if (!/^Transfer-Encoding: chunked\r?$/im.test(head)) return { status, body, isWhole: true };
  const chunks = [...body.matchAll(/(?:^|\r\n)([0-9a-f]+)\r\n/g)].filter(([, size]) => size !== "0");
  const plain = chunks.map(({ index, 0: { length }, 1: size = "" }) =>
    body.slice(index + length, index + length + Number.parseInt(size, 16)),
  );
  return { status, body: plain.join(""), isWhole: body.endsWith("0\r\n\r\n") };
}

describe.each([
  { manner: "whole", isSplit: false },
  { manner: "byte by byte", isSplit: true },
])("said $manner", ({ isSplit }) => {
  test.each(rows)("$name", async ({ says, each = [""], answer, body, breaks = false, keeps = false }) => {
    for (const text of each) {
      const outcome = await askTwice(
        Buffer.from(
          says.replaceAll("{each}", () => text),
          "latin1",
        ),
        isSplit,
      );
      expect({ text, ...outcome }).toEqual({
        text,
        status: answer,
        body: answer === 502 || breaks ? outcome.body : body,
        isWhole: !breaks,
        after: "after",
        connections: keeps ? 1 : 2,
      });
      if (answer === 502) expect(JSON.parse(outcome.body).error.code).toBe("UPSTREAM_BROKEN");
    }
  });
});
