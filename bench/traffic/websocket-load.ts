import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answer, say, told } from "./answering.ts";
import { ECHOED_BYTES, maskedClose, maskedMessage } from "./frames.ts";

const { port, path, fields } = told<{ readonly port: number; readonly path: string; readonly fields: readonly string[] }>();
const handshake = [
  `GET ${path} HTTP/1.1`,
  `Host: 127.0.0.1:${port}`,
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ...fields,
].join("\r\n");

/** How many handshakes are under way at one time. */
const AT_ONCE = 16;

let sockets: readonly Socket[] = [];

// Program: opens WebSockets through a proxy, sends messages over them and waits for each echo, and closes them. What it is told to do it does
// a number of times; how long that takes is measured at the proxy.
say({});
await answer({
  handshakes: ({ count = 0 }) => inLanes(count, openAndClose),
  pacedHandshakes: ({ count = 0, everyMs = 1 }) => apart(openAndClose, { count, everyMs }),
  open: async ({ count = 0 }) => {
    const opened: Socket[] = [];
    await inLanes(count, async () => void opened.push(await open()));
    sockets = opened;
  },
  messages: async ({ count = 0 }) => {
    await Promise.all(sockets.map((socket) => talk(socket, Math.ceil(count / sockets.length))));
  },
  close: async () => {
    await Promise.all(sockets.map(close));
    sockets = [];
  },
});

/** Does something `count` times, a few at once. */
async function inLanes(count: number, act: () => Promise<void>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await act();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Begins something `count` times, each some time after the one before, whatever is done by then. When this process comes too late they begin later, and not together. */
async function apart(act: () => Promise<void>, { count, everyMs }: Pace): Promise<void> {
  const begun: Promise<void>[] = [];
  while (begun.length < count) {
    begun.push(act());
    await sleep(everyMs);
  }
  await Promise.all(begun);
}

type Pace = { readonly count: number; readonly everyMs: number };

async function openAndClose(): Promise<void> {
  await close(await open());
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let head = "";
    const onData = (chunk: Buffer): void => {
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", onData);
      socket.off("close", onClose);
      if (head.startsWith("HTTP/1.1 101 ")) resolve(socket);
      else reject(new Error(`The handshake was answered ${head.slice(0, head.indexOf("\r"))}`));
    };
    const onClose = (): void => reject(new Error("The connection was closed during the handshake"));
    socket.on("error", onClose);
    socket.on("close", onClose);
    socket.on("data", onData);
    socket.write(`${handshake}\r\n\r\n`);
  });
}

function talk(socket: Socket, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let echoes = 0;
    let bytes = 0;
    const onClose = (): void => reject(new Error("A WebSocket was closed in the middle of a talk"));
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes < ECHOED_BYTES) return;
      bytes -= ECHOED_BYTES;
      echoes += 1;
      if (echoes < count) return void socket.write(maskedMessage);
      socket.off("data", onData);
      socket.off("close", onClose);
      resolve();
    };
    socket.on("data", onData);
    socket.on("close", onClose);
    socket.write(maskedMessage);
  });
}

/** As a client closes: a close frame, and the end of the connection. */
function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("close", () => resolve());
    socket.resume();
    socket.end(maskedClose);
  });
}
