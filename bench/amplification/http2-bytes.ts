/** RFC 9113 §6 and §11.2. */
const TYPES = { DATA: 0, HEADERS: 1, PRIORITY: 2, RST_STREAM: 3, SETTINGS: 4, PING: 6, WINDOW_UPDATE: 8, CONTINUATION: 9 } as const;

const END_STREAM = 0x01;
const ACK = 0x01;
const END_HEADERS = 0x04;
const HEAD_BYTES = 9;
const MARK = Buffer.from("the end.", "latin1");

/** RFC 9113 §3.4, with an empty SETTINGS behind it. */
export const PREFACE: Buffer = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1"), frame("SETTINGS")]);

export type Field = readonly [name: string, value: string];

type FrameParts = { readonly flags?: number; readonly stream?: number; readonly payload?: Buffer };

/** The bytes of one frame. */
export function frame(type: keyof typeof TYPES | number, { flags = 0, stream = 0, payload = Buffer.alloc(0) }: FrameParts = {}): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = typeof type === "number" ? type : TYPES[type];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A ping whose answer says that all before it has been read. */
export const LAST_PING: Buffer = frame("PING", { payload: MARK });

type RequestParts = { readonly isWhole?: boolean; readonly isLast?: boolean };

/** The header of a request, by default whole and without a body behind it. */
export function requestFrame(stream: number, payload: Buffer, { isWhole = true, isLast = true }: RequestParts = {}): Buffer {
  return frame("HEADERS", { flags: (isWhole ? END_HEADERS : 0) | (isLast ? END_STREAM : 0), stream, payload });
}

/** Fields as literals that nobody remembers (RFC 7541 §6.2.2); names and values of up to 126 bytes. */
export function literals(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, "latin1")]);
}

/** Counts what a server has done: streams that are over, and whether the last ping is answered. Call it with each piece that comes. */
export function countEnds(): (chunk: Buffer) => { readonly streams: number; readonly hasLastPing: boolean } {
  let rest = Buffer.alloc(0);
  let streams = 0;
  let hasLastPing = false;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEAD_BYTES && rest.length >= HEAD_BYTES + rest.readUIntBE(0, 3)) {
      const end = HEAD_BYTES + rest.readUIntBE(0, 3);
      const [type, flags = 0] = rest.subarray(3, 5);
      const carriesEnd = type === TYPES.DATA || type === TYPES.HEADERS;
      if (type === TYPES.RST_STREAM || (carriesEnd && flags & END_STREAM)) streams += 1;
      if (type === TYPES.PING && flags & ACK && rest.subarray(HEAD_BYTES, end).equals(MARK)) hasLastPing = true;
      rest = rest.subarray(end);
    }
    return { streams, hasLastPing };
  };
}
