import { connect, type Socket } from "node:net";

/** A TCP connection to a server under test, written and read as bytes. */
export type Wire = {
  send(bytes: string | Buffer): void;
  /** Waits until the bytes received begin with a whole message, and takes it. `lengthOf` says how long it is, or -1 while it is not whole. */
  receive(lengthOf: (received: Buffer) => number): Promise<Buffer>;
  isOpen(): boolean;
  close(): void;
};

const HOST = "Host: service.example";

/** Opens a connection. Nothing is sent yet. */
export function openWire(port: number): Wire {
  const socket: Socket = connect(port, "127.0.0.1");
  let received: Buffer = Buffer.alloc(0);
  let isOver = false;
  let wake = () => {};
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  const end = () => {
    isOver = true;
    wake();
  };
  socket.on("error", end).on("close", end);
  return {
    send: (bytes) => socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes),
    async receive(lengthOf) {
      for (;;) {
        const length = lengthOf(received);
        if (length !== -1) {
          const message = received.subarray(0, length);
          received = received.subarray(length);
          return message;
        }
        if (isOver) throw new Error(`The server closed the connection after «${received.toString("latin1")}»`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    isOpen: () => !isOver,
    close() {
      isOver = true;
      socket.destroy();
    },
  };
}

/** One HTTP request and its response's body. `fields` are header lines without their line ends. */
export async function request(
  wire: Wire,
  line: string,
  { fields, body = "" }: { fields: readonly string[]; body?: string },
): Promise<string> {
  const length = body === "" ? [] : [`Content-Length: ${body.length}`];
  wire.send(`${[`${line} HTTP/1.1`, HOST, ...length, ...fields, "", ""].join("\r\n")}${body}`);
  const response = (await wire.receive(responseLength)).toString("latin1");
  const head = response.slice(0, response.indexOf("\r\n\r\n"));
  if (/^connection: close$/im.test(head)) wire.close();
  const content = response.slice(head.length + 4);
  if (!head.startsWith("HTTP/1.1 200")) throw new Error(`${line} was answered with «${head}» and «${content}»`);
  return content;
}

/** The whole length of the response that the bytes begin with. */
function responseLength(received: Buffer): number {
  const end = received.indexOf("\r\n\r\n");
  if (end === -1) return -1;
  const head = received.toString("latin1", 0, end);
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (length === undefined) throw new Error(`A response without Content-Length: «${head}»`);
  return wholeOr(end + 4 + Number(length), received);
}

function wholeOr(length: number, received: Buffer): number {
  return received.length < length ? -1 : length;
}

/** Asks for an upgrade to WebSocket. The wire then carries frames. */
export async function upgrade(wire: Wire, path: string, fields: readonly string[]): Promise<void> {
  const handshake = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  wire.send([`GET ${path} HTTP/1.1`, HOST, ...handshake, ...fields, "", ""].join("\r\n"));
  const head = (await wire.receive((received) => lengthTo(received, "\r\n\r\n"))).toString("latin1");
  if (!head.startsWith("HTTP/1.1 101")) throw new Error(`The upgrade was answered with «${head}»`);
}

function lengthTo(received: Buffer, end: string): number {
  const at = received.indexOf(end);
  return at === -1 ? -1 : at + end.length;
}

/** The text of the next WebSocket frame (RFC 6455, section 5.2), of up to 65,535 bytes. */
export async function receiveFrame(wire: Wire): Promise<string> {
  const frame = await wire.receive((received) => {
    const start = payloadStart(received);
    if (received.length < start) return -1;
    return wholeOr(start + (start === 4 ? received.readUInt16BE(2) : (received[1] as number)), received);
  });
  return frame.subarray(payloadStart(frame)).toString("utf8");
}

function payloadStart(frame: Buffer): number {
  return (frame[1] ?? 0) < 126 ? 2 : 4;
}

/** Sends a text frame of up to 125 bytes, masked with zeros as a client must mask. */
export function sendFrame(wire: Wire, text: string): void {
  wire.send(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]));
}
