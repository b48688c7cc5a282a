import type { GatewayLimits } from "../../limits.ts";
import { countFields } from "./hpack-fields.ts";

/** What a client does too much of. */
export type FrameExcess = "resets" | "control frames" | "header bytes";

type FrameWatchOptions = {
  readonly limits: Pick<GatewayLimits, "maxHttp2Resets" | "maxHttp2ControlFrames">;
  /** Of one header block, as it is on the wire. */
  readonly maxBlockBytes: number;
  readonly now: () => number;
};

/** In how long a time resets and control frames are counted. */
const WINDOW_MS = 10_000;

/** RFC 9113 §3.4: what a client begins with. */
const PREFACE_BYTES = 24;
/** §4.1: length, type, flags, stream. */
const HEAD_BYTES = 9;
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const WINDOW_UPDATE = 8;
const CONTINUATION = 9;
const END_STREAM = 0x01;
const END_HEADERS = 0x04;
const PADDED = 0x08;
const PRIORITY = 0x20;
const PRIORITY_BYTES = 5;

/** Header blocks whose request has not been asked for. Node hands a request out in the same turn, or never. */
const MAX_COUNTS = 1_024;

type Frame = { readonly length: number; readonly type: number; readonly flags: number; readonly stream: number };

/**
 * Reads along what a client sends on an HTTP/2 connection, as far as the heads of frames and the outlines of header blocks. It decides nothing about frames that Node's own
 * session decides about. It is there for what Node does not tell: how many fields a request has had, as Node drops those that are malformed without a word; and how
 * much a client does that costs the gateway more than the client.
 *
 * Source: RFC 9113 §4.1, §6, §10.5.
 */
export class FrameWatch {
  readonly #options: FrameWatchOptions;
  /** Bytes to pass over, of the preface or of a payload that nobody reads. */
  #skip = PREFACE_BYTES;
  readonly #head: Buffer = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  #frame: Frame | undefined;
  /** The payload of a frame that belongs to a header block, and the block until now. */
  #payload: Buffer[] = [];
  #payloadBytes = 0;
  #block: Buffer[] = [];
  #blockBytes = 0;
  readonly #counts = new Map<number, number | undefined>();
  #newestStream = 0;
  #resets = 0;
  #controlFrames = 0;
  #windowEndsMs = 0;

  constructor(options: FrameWatchOptions) {
    this.#options = options;
  }

  /** Reads on; says at once when something is too much. The connection is then to be closed. */
  look(chunk: Buffer): FrameExcess | undefined {
    let at = 0;
    while (at < chunk.length) {
      const left = chunk.length - at;
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, left);
        this.#skip -= skipped;
        at += skipped;
      } else if (this.#frame === undefined) {
        const taken = Math.min(HEAD_BYTES - this.#headBytes, left);
        chunk.copy(this.#head, this.#headBytes, at, at + taken);
        this.#headBytes += taken;
        at += taken;
        const excess = this.#headBytes === HEAD_BYTES ? this.#beginFrame() : undefined;
        if (excess !== undefined) return excess;
      } else {
        const taken = Math.min(this.#frame.length - this.#payloadBytes, left);
        this.#payload.push(chunk.subarray(at, at + taken));
        this.#payloadBytes += taken;
        at += taken;
        this.#endFrame(this.#frame);
      }
    }
    return undefined;
  }

  /** How many fields the header had that opened a stream; forgotten when asked. `undefined` when it was no HPACK. */
  takeFieldCount(stream: number): number | undefined {
    const count = this.#counts.get(stream);
    this.#counts.delete(stream);
    return count;
  }

  #beginFrame(): FrameExcess | undefined {
    const head = this.#head;
    const frame = { length: head.readUIntBE(0, 3), type: head[3] ?? 0, flags: head[4] ?? 0, stream: head.readUInt32BE(5) & 0x7fffffff };
    this.#headBytes = 0;
    const excess = this.#count(frame);
    if (excess !== undefined) return excess;
    if (frame.type !== HEADERS && frame.type !== CONTINUATION) {
      this.#skip = frame.length;
      return undefined;
    }
    if (frame.type === HEADERS) {
      this.#block = [];
      this.#blockBytes = 0;
    }
    this.#blockBytes += frame.length;
    if (this.#blockBytes > this.#options.maxBlockBytes) return "header bytes";
    this.#payload = [];
    this.#payloadBytes = 0;
    this.#frame = frame;
    this.#endFrame(frame);
    return undefined;
  }

  #endFrame({ length, type, flags, stream }: Frame): void {
    if (this.#payloadBytes < length) return;
    this.#frame = undefined;
    const [only, more] = this.#payload;
    const payload = only === undefined || more !== undefined ? Buffer.concat(this.#payload) : only;
    this.#block.push(type === HEADERS ? fragmentOf(payload, flags) : payload);
    if ((flags & END_HEADERS) === 0) return;
    const block = Buffer.concat(this.#block);
    this.#block = [];
    // What comes on a stream again are trailers. They may come before Node has handed out the header.
    if (stream <= this.#newestStream) return;
    this.#newestStream = stream;
    this.#counts.set(stream, countFields(block));
    if (this.#counts.size > MAX_COUNTS) for (const oldest of this.#counts.keys()) return void this.#counts.delete(oldest);
  }

  /** Data, headers and room for more of them are what a connection is for. Of the rest nobody needs many. */
  #count({ length, type, flags }: Frame): FrameExcess | undefined {
    const isData = type === DATA && (length > 0 || (flags & END_STREAM) !== 0);
    if (isData || type === HEADERS || type === WINDOW_UPDATE) return undefined;
    const { limits, now } = this.#options;
    if (now() >= this.#windowEndsMs) {
      this.#windowEndsMs = now() + WINDOW_MS;
      this.#resets = 0;
      this.#controlFrames = 0;
    }
    if (type === RST_STREAM) this.#resets += 1;
    else this.#controlFrames += 1;
    if (this.#resets > limits.maxHttp2Resets) return "resets";
    return this.#controlFrames > limits.maxHttp2ControlFrames ? "control frames" : undefined;
  }
}

/** RFC 9113 §6.2: what is left of the payload of HEADERS without its padding and priority. Empty when they do not fit. */
function fragmentOf(payload: Buffer, flags: number): Buffer {
  const padding = flags & PADDED ? (payload[0] ?? 0) : 0;
  const start = (flags & PADDED ? 1 : 0) + (flags & PRIORITY ? PRIORITY_BYTES : 0);
  return payload.subarray(start, Math.max(start, payload.length - padding));
}
