import { connect, type Socket } from "node:net";
import { answer, say, told } from "../traffic/answering.ts";

type Told = { readonly path: string; readonly connections: number };

const { path, connections } = told<Told>();
/** By port. They stay open from one load to the next, unless that is so late that the gateway has closed them. */
const open = new Map<number, readonly Socket[]>();

// Program: sends so many requests to a port as often as it is asked to, over the same connections, each time the next when the answer is whole. It knows answers with a
// Content-Length only. Each connection is a client behind two proxies.
say({});
await answer({
  async load({ port = 0, requests = 0 }) {
    const known = open.get(port)?.filter(({ readyState }) => readyState === "open") ?? [];
    const more = await Promise.all(Array.from({ length: connections - known.length }, () => connected(port)));
    const sockets = [...known, ...more];
    open.set(port, sockets);
    const asked = { left: requests };
    await Promise.all(sockets.map((socket, index) => askAgainAndAgain(socket, { asked, request: requestOf(port, index) })));
    return {};
  },
});

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => resolve(socket));
    socket.once("error", reject);
  });
}

function requestOf(port: number, client: number): string {
  const fields = [
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept: */*",
    "Accept-Encoding: gzip, br",
    `X-Forwarded-For: 203.0.113.${client + 1}, 10.0.2.5`,
  ];
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
}

type Asking = { readonly asked: { left: number }; readonly request: string };

function askAgainAndAgain(socket: Socket, { asked, request }: Asking): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    const ask = (): void => {
      if (asked.left === 0) {
        socket.off("data", onData).off("close", onClose);
        return resolve();
      }
      asked.left -= 1;
      text = "";
      socket.write(request);
    };
    const onClose = (): void => reject(new Error("The gateway closed a connection"));
    const onData = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      if (end === -1) return;
      const length = /^content-length: *(\d+)\r?$/im.exec(text.slice(0, end))?.[1];
      if (length === undefined || !text.startsWith("HTTP/1.1 200 ")) return reject(new Error(`The gateway answered ${text.slice(0, 100)}`));
      if (text.length >= end + 4 + Number(length)) ask();
    };
    socket.on("data", onData).on("close", onClose);
    ask();
  });
}
