import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** RFC 9113 §3.4. */
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** RFC 9113 §6 and §11.2. */
export const FRAMES = [
  "DATA",
  "HEADERS",
  "PRIORITY",
  "RST_STREAM",
  "SETTINGS",
  "PUSH_PROMISE",
  "PING",
  "GOAWAY",
  "WINDOW_UPDATE",
  "CONTINUATION",
] as const;
export type FrameType = (typeof FRAMES)[number] | number;

/** RFC 9113 §7. */
const ERRORS = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
] as const;

export const END_STREAM = 0x01;
export const END_HEADERS = 0x04;
export const PADDED = 0x08;

export type Field = readonly [name: string, value: string];

/** The bytes of one frame. */
export function frame(
  type: FrameType,
  { flags = 0, stream = 0, payload = Buffer.alloc(0) }: { flags?: number; stream?: number; payload?: Buffer } = {},
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = typeof type === "number" ? type : FRAMES.indexOf(type);
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Fields as literals that nobody remembers, without Huffman's code: any byte can stand in them (RFC 7541 §6.2.2). */
export function literals(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([lengthOf(bytes.length), bytes]);
}

/** RFC 7541 §5.1 with a prefix of seven bits. */
function lengthOf(length: number): Buffer {
  if (length < 127) return Buffer.from([length]);
  const octets = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>= 7) octets.push((rest & 127) | 128);
  return Buffer.from([...octets, rest]);
}

/** A request without a body, in one frame. */
export function request(stream: number, fields: readonly Field[], flags: number = END_STREAM | END_HEADERS): Buffer {
  return frame("HEADERS", { flags, stream, payload: literals(fields) });
}

/** What has come of a stream: the status of its answer, how it was reset, or neither yet. */
export type StreamEnd = { readonly status?: number; readonly reset?: string; readonly body?: string };

/** A client that writes its frames itself. */
export type RawHttp2 = {
  readonly socket: Socket;
  write(...frames: readonly Buffer[]): void;
  /** Waits for the end of a stream: END_STREAM or a reset. */
  ended(stream: number): Promise<StreamEnd>;
  /** Waits for GOAWAY and gives its error. */
  readonly goaway: Promise<string>;
  /** The last stream that is answered, as each GOAWAY until now has said. */
  readonly lastStreams: readonly number[];
  /** Waits for the answer to the next ping: all that was sent before it has been read. */
  ping(): Promise<void>;
  readonly closed: Promise<void>;
};

/** Connects and says the preface and SETTINGS. */
export async function openRawHttp2(port: number, { settings = Buffer.alloc(0) }: { settings?: Buffer } = {}): Promise<RawHttp2> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.on("error", () => undefined);
  const streams = new Map<number, StreamEnd & { isOver?: true }>();
  const waiting = new Set<() => void>();
  const lastStreams: number[] = [];
  let error: string | undefined;
  let pongs = 0;
  let isClosed = false;
  const onFrame = ({ type, flags, stream, payload }: Read): void => {
    const known = streams.get(stream) ?? {};
    const end = flags & END_STREAM ? { isOver: true as const } : {};
    if (type === "HEADERS") streams.set(stream, { status: statusIn(payload), ...known, ...end });
    if (type === "DATA") streams.set(stream, { ...known, body: (known.body ?? "") + payload.toString("latin1"), ...end });
    if (type === "RST_STREAM") streams.set(stream, { ...known, reset: ERRORS[payload.readUInt32BE(0)] ?? "?", isOver: true });
    if (type === "GOAWAY") error = ERRORS[payload.readUInt32BE(4)] ?? "?";
    if (type === "GOAWAY") lastStreams.push(payload.readUInt32BE(0));
    if (type === "PING" && flags & 1) pongs += 1;
    if (type === "SETTINGS" && (flags & 1) === 0) socket.write(frame("SETTINGS", { flags: 1 }));
    for (const check of waiting) check();
  };
  readFrames(socket, { onFrame });
  const closed = new Promise<void>((resolve) =>
    socket.once("close", () => {
      isClosed = true;
      resolve();
      for (const check of waiting) check();
    }),
  );
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const found = find();
        if (found === undefined && !isClosed) return;
        waiting.delete(check);
        if (found === undefined) reject(new Error("The connection was closed"));
        else resolve(found);
      };
      waiting.add(check);
      check();
    });
  const goaway = until(() => error);
  goaway.catch(() => undefined);
  socket.write(Buffer.concat([PREFACE, frame("SETTINGS", { payload: settings })]));
  return {
    socket,
    closed,
    goaway,
    lastStreams,
    write: (...frames) => void socket.write(Buffer.concat(frames)),
    ended: (stream) =>
      until(() => {
        const { isOver, ...end } = streams.get(stream) ?? {};
        return isOver && end;
      }),
    ping() {
      const wanted = pongs + 1;
      socket.write(frame("PING", { payload: Buffer.alloc(8, wanted) }));
      return until(() => (pongs >= wanted ? true : undefined)).then(() => undefined);
    },
  };
}

export type RawHttp2Target = { readonly url: string; close(): Promise<void> };

/** A target that says the frames itself with which it answers the header on a stream. */
export async function openRawHttp2Target(answer: (stream: number) => readonly Buffer[]): Promise<RawHttp2Target> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.write(frame("SETTINGS"));
    const onFrame = ({ type, flags, stream }: Read): void => {
      if (type === "SETTINGS" && (flags & 1) === 0) socket.write(frame("SETTINGS", { flags: 1 }));
      if (type === "HEADERS") socket.write(Buffer.concat(answer(stream)));
    };
    // The preface is whole in the first packet.
    socket.once("data", (first: Buffer) => readFrames(socket, { onFrame, first: first.subarray(PREFACE.length) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Read = { readonly type: FrameType; readonly flags: number; readonly stream: number; readonly payload: Buffer };

type FrameReader = {
  readonly onFrame: (frame: Read) => void;
  /** What has been read of the connection already. */
  readonly first?: Buffer;
};

function readFrames(socket: Socket, { onFrame, first = Buffer.alloc(0) }: FrameReader): void {
  let bytes = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3);
      const type = bytes[3] ?? 0;
      onFrame({ type: FRAMES[type] ?? type, flags: bytes[4] ?? 0, stream: bytes.readUInt32BE(5), payload: bytes.subarray(9, end) });
      bytes = bytes.subarray(end);
    }
  };
  socket.on("data", take);
  take(first);
}

/** RFC 7541 Appendix A, entries 8 to 14. */
const STATUSES = [200, 204, 206, 304, 400, 404, 500];
/** Appendix B: the digits in Huffman's code. */
const DIGITS = ["00000", "00001", "00010", "011001", "011010", "011011", "011100", "011101", "011110", "011111"];

/** The status is the first field of a response: one of the table, or a literal whose name is there. */
function statusIn(block: Buffer): number {
  let at = 0;
  // A change of the table's size may come first.
  while (((block[at] ?? 0) & 0xe0) === 0x20) at += ((block[at] ?? 0) & 0x1f) === 0x1f ? 3 : 1;
  const first = block[at] ?? 0;
  if (first & 0x80) return STATUSES[(first & 0x7f) - 8] ?? 0;
  const length = block[at + 1] ?? 0;
  const value = block.subarray(at + 2, at + 2 + (length & 0x7f));
  if ((length & 0x80) === 0) return Number(value.toString("latin1"));
  let bits = [...value].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let digits = "";
  while (digits.length < 3) {
    const digit = DIGITS.findIndex((code) => bits.startsWith(code));
    digits += digit;
    bits = bits.slice(DIGITS[digit]?.length ?? bits.length);
  }
  return Number(digits);
}
