import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { serve } from "./answering.ts";
import { unmasked } from "./frames.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const DATE = new Date().toUTCString();

/** Made once for each size: the origin must cost next to nothing. */
const responses = new Map<string, Buffer>();

// Program: the origin behind every proxy. Answers /bytes/N with N bytes and by /bytes/N/STATUS with that status, and a WebSocket with what it sent. Not a server for anybody else:
// it knows requests without body only, and frames as the load sends them.
await serve(createServer({ noDelay: true }, (socket) => speakHttp(socket)));

function speakHttp(socket: Socket): void {
  let rest = "";
  socket.on("error", () => socket.destroy());
  socket.on("data", function onData(chunk) {
    rest += chunk.toString("latin1");
    for (let end = rest.indexOf("\r\n\r\n"); end !== -1; end = rest.indexOf("\r\n\r\n")) {
      const head = rest.slice(0, end);
      rest = rest.slice(end + 4);
      const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1];
      if (key === undefined) socket.write(responseTo(head));
      else {
        socket.off("data", onData);
        return echo(socket, { key, first: Buffer.from(rest, "latin1") });
      }
    }
  });
}

function responseTo(head: string): Buffer {
  const begin = head.indexOf("/bytes/") + "/bytes/".length;
  const wanted = head.slice(begin, head.indexOf(" ", begin));
  const known = responses.get(wanted);
  if (known !== undefined) return known;
  const [size, status = 200] = wanted.split("/");
  const fields = ["Content-Type: application/octet-stream", `Content-Length: ${size}`, `Date: ${DATE}`, "Cache-Control: no-store"];
  const response = Buffer.concat([Buffer.from(`HTTP/1.1 ${status} OK\r\n${fields.join("\r\n")}\r\n\r\n`), Buffer.alloc(Number(size), "x")]);
  responses.set(wanted, response);
  return response;
}

function echo(socket: Socket, { key, first }: { readonly key: string; readonly first: Buffer }): void {
  const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  let rest = first;
  const onData = (chunk: Buffer): void => {
    const { frames, left } = unmasked(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]));
    rest = left;
    if (frames.length > 0) socket.write(frames);
  };
  socket.on("data", onData);
  socket.on("end", () => socket.end());
}
