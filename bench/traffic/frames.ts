/** Bytes of the payload of a message. */
const MESSAGE_BYTES = 64;

const BINARY = 0x82;
const MASKED = 0x80;
const CLOSE = 0x88;
const HEAD_BYTES = 2;
const MASK_BYTES = 4;

/** One binary message as a client sends it (RFC 6455 §5.2). */
export const maskedMessage: Buffer = Buffer.concat([
  Buffer.from([BINARY, MASKED | MESSAGE_BYTES, 0x12, 0x34, 0x56, 0x78]),
  Buffer.alloc(MESSAGE_BYTES, "x"),
]);

/** How long the same message is when a server sends it. */
export const ECHOED_BYTES: number = HEAD_BYTES + MESSAGE_BYTES;

/** The frames of a client as a server sends them back, and what is left of one that has not come whole. Knows payloads up to 125 bytes only. */
export function unmasked(bytes: Buffer): { readonly frames: Buffer; readonly left: Buffer } {
  const frames: Buffer[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const length = (bytes[at + 1] as number) & ~MASKED;
    const end = at + HEAD_BYTES + MASK_BYTES + length;
    if (end > bytes.length) break;
    const frame = Buffer.allocUnsafe(HEAD_BYTES + length);
    frame[0] = bytes[at] as number;
    frame[1] = length;
    for (let index = 0; index < length; index++) {
      const mask = bytes[at + HEAD_BYTES + (index & 3)] as number;
      frame[HEAD_BYTES + index] = (bytes[at + HEAD_BYTES + MASK_BYTES + index] as number) ^ mask;
    }
    frames.push(frame);
    at = end;
  }
  return { frames: Buffer.concat(frames), left: bytes.subarray(at) };
}

/** A close frame without a code, as a client sends it. */
export const maskedClose: Buffer = Buffer.from([CLOSE, MASKED, 0, 0, 0, 0]);
