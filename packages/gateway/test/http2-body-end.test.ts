import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { openTestGateway, snapshotOf } from "./rig/gateway.ts";
import { END_HEADERS, END_STREAM, type Field, frame, openRawHttp2, type RawHttp2, request } from "./rig/http2-frames.ts";
import { openHttp2Target } from "./rig/http2-target.ts";
import { own } from "./rig/owned.ts";
import { openRawTarget } from "./rig/raw-target.ts";
import { joinChunks, until, wire } from "./rig/wire.ts";

/** What a target had of one request when its connection or stream ended, or when it was whole. */
type Heard = { readonly body: string; readonly isWhole: boolean; readonly isOver: boolean };
type Listening = { readonly origin: string; readonly http2?: true; heard(): Heard | undefined };

/** Answers when it has as much as was said, as a service over HTTP/1.1 does. */
async function overHttp1(): Promise<Listening> {
  const read = (heard: string): Omit<Heard, "isOver"> => {
    const at = heard.indexOf("\r\n\r\n") + 4;
    if (/\r\ntransfer-encoding: chunked\r\n/i.test(heard)) return joinChunks(heard.slice(at));
    const body = heard.slice(at);
    return { body, isWhole: body.length === Number(/\r\ncontent-length: (\d+)/i.exec(heard)?.[1]) };
  };
  let first: Socket | undefined;
  const target = await openRawTarget((socket, heard) => {
    first ??= socket;
    if (read(heard).isWhole) socket.write(`${wire("HTTP/1.1 200 OK", "Content-Length: 2")}ok`);
  });
  return {
    origin: target.origin,
    heard: () => first && { ...read(target.heard[0] ?? ""), isOver: !target.sockets.has(first) },
  };
}

/** Answers at END_STREAM. */
async function overHttp2(): Promise<Listening> {
  let heard: Heard | undefined;
  const target = await openHttp2Target((stream) => {
    heard = { body: "", isWhole: false, isOver: false };
    const note = (more: Partial<Heard>): void => {
      if (heard !== undefined) heard = { ...heard, ...more };
    };
    stream.on("data", (chunk: Buffer) => note({ body: `${heard?.body}${chunk.toString("latin1")}` }));
    stream.once("end", () => {
      if (stream.aborted) return;
      note({ isWhole: true });
      stream.respond({ ":status": 200 });
      stream.end("ok");
    });
    stream.once("close", () => note({ isOver: true }));
  });
  return { origin: target.url, http2: true, heard: () => heard };
}

const POST: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/"],
];
const data = (text: string, flags = 0): Buffer => frame("DATA", { stream: 1, flags, payload: Buffer.from(text) });
const resets = (code: number): Buffer => frame("RST_STREAM", { stream: 1, payload: Buffer.from([0, 0, 0, code]) });

/** RFC 9113 §7. */
const [NO_ERROR, CANCEL] = [0, 8];

const endings: readonly { how: string; says(client: RawHttp2): void }[] = [
  { how: "there is a byte more", says: (client) => client.write(data("f")) },
  { how: "there is a byte more, and the end", says: (client) => client.write(data("f", END_STREAM)) },
  { how: "the client resets the stream", says: (client) => client.write(resets(CANCEL)) },
  { how: "the client resets the stream without an error", says: (client) => client.write(resets(NO_ERROR)) },
  { how: "the client ends its connection", says: (client) => void client.socket.end() },
  { how: "the client breaks its connection", says: (client) => void client.socket.resetAndDestroy() },
];

describe.each([
  { version: "HTTP/1.1", openTarget: overHttp1 },
  { version: "HTTP/2", openTarget: overHttp2 },
])("to a target of $version, a body", ({ openTarget }) => {
  /** Has all of its body on the way, and the end not yet. The target has what may go ahead. */
  async function begin(fields: readonly Field[], ahead: string): Promise<{ client: RawHttp2; target: Listening }> {
    const target = await openTarget();
    const route = { targets: [{ url: target.origin, http2: target.http2 ?? false }] };
    const gateway = own(await openTestGateway(snapshotOf([route]), { listeners: [{ port: 0, http2: true }] }));
    const client = await openRawHttp2(gateway.port);
    own({ close: async () => client.socket.destroy() });
    client.write(request(1, [...POST, ...fields], END_HEADERS), data("abc"));
    await client.ping();
    client.write(data("de"));
    await client.ping();
    await until(() => target.heard()?.body === ahead);
    return { client, target };
  }

  test.each(endings)("of which as much has come as its length says is not whole there when $how", async ({ says }) => {
    const { client, target } = await begin([["content-length", "5"]], "abc");
    says(client);
    await until(() => target.heard()?.isOver === true);
    expect(target.heard()).toEqual({ body: "abc", isWhole: false, isOver: true });
  });

  test("gets there whole when the stream ends without a further byte", async () => {
    const { client, target } = await begin([["content-length", "5"]], "abc");
    client.write(data("", END_STREAM));
    expect(await client.ended(1)).toEqual({ status: 200, body: "ok" });
    expect(target.heard()).toMatchObject({ body: "abcde", isWhole: true });
  });

  test.each(endings.slice(2))("without a length goes on as it comes, and is not whole there when $how", async ({ says }) => {
    const { client, target } = await begin([], "abcde");
    says(client);
    await until(() => target.heard()?.isOver === true);
    expect(target.heard()).toEqual({ body: "abcde", isWhole: false, isOver: true });
  });
});
