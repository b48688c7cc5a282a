import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { own } from "./owned.ts";

/** A target that speaks bytes, for what no well-behaved server says. */
export type RawTarget = {
  readonly origin: string;
  /** Everything that each connection has brought so far, in the order of the connections. */
  readonly heard: readonly string[];
  /** The connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
};

type OnData = (socket: Socket, heard: string) => unknown;

/** Listens for the running test. `onData` is called with each piece that comes. */
export async function openRawTarget(onData: OnData): Promise<RawTarget> {
  return own(await listenRaw(onData));
}

/** The same until it is closed. */
export async function listenRaw(onData: OnData): Promise<RawTarget> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    const index = heard.push("") - 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      heard[index] += chunk.toString("latin1");
      onData(socket, heard[index] ?? "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Says the bytes whole, or each in a piece of its own; then ends, where it is to. */
export function sayBytes(socket: Socket, { bytes, isSplit, ends = false }: { bytes: Buffer; isSplit: boolean; ends?: boolean }): void {
  const size = isSplit ? 1 : bytes.length;
  const next = (index: number): void => {
    if (!socket.writable) return;
    if (index < bytes.length) socket.write(bytes.subarray(index, index + size), () => setImmediate(next, index + size));
    else if (ends) socket.end();
  };
  next(0);
}
