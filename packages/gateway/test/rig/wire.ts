import { connect, type Socket } from "node:net";

/** A response as it came over the wire. */
export type WireResponse = { readonly status: number; readonly head: string; readonly body: string };

/** Writes bytes and reads until the far end closes. The text is empty when it closed without a word. */
export function sendRaw(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
  });
}

/** Lines of a request joined as they go over the wire, with the empty line at the end. */
export function wire(...lines: string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Takes a response apart. */
export function parseResponse(text: string): WireResponse {
  const end = text.indexOf("\r\n\r\n");
  const head = end === -1 ? text : text.slice(0, end);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body: end === -1 ? "" : text.slice(end + 4) };
}

/** A body in chunks as what it holds, and whether its end has come. */
export function joinChunks(body: string): { readonly body: string; readonly isWhole: boolean } {
  const chunks = [...body.matchAll(/(?:^|\r\n)([0-9a-f]+)\r\n/g)].filter(([, size]) => size !== "0");
  const plain = chunks.map(({ index, 0: { length }, 1: size = "" }) =>
    body.slice(index + length, index + length + Number.parseInt(size, 16)),
  );
  return { body: plain.join(""), isWhole: body.endsWith("0\r\n\r\n") };
}

/** Sends one request on a connection of its own and gives the response. */
export async function ask(port: number, ...lines: string[]): Promise<WireResponse> {
  return parseResponse(await sendRaw(port, wire(...lines, "Connection: close")));
}

/** A connection to talk over step by step. */
export type Conversation = {
  readonly socket: Socket;
  write(bytes: string | Buffer): void;
  /** Waits until `pattern` is in what has come and was not read yet; reads it all. */
  readUntil(pattern: RegExp): Promise<string>;
  readonly closed: Promise<void>;
};

export async function converse(port: number, { allowHalfOpen = false } = {}): Promise<Conversation> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen });
  let text = "";
  let check: (() => void) | undefined;
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    check?.();
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  return {
    socket,
    closed,
    write: (bytes) => void socket.write(bytes),
    readUntil: (pattern) =>
      new Promise((resolve, reject) => {
        check = () => {
          if (!pattern.test(text)) return;
          const seen = text;
          text = "";
          check = undefined;
          resolve(seen);
        };
        void closed.then(() => reject(new Error(`Closed before ${pattern}: ${JSON.stringify(text)}`)));
        check();
      }),
  };
}

/** Waits until a condition holds. The test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
