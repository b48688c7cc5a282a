import { crc32c } from "./crc32c.ts";
import type { ProxyRefusal } from "./reading.ts";

/** What the additions of a header come to. */
export type Tlvs = { readonly kind: "read"; readonly isOverTls: boolean } | { readonly kind: "refused"; readonly reason: ProxyRefusal };

/** Type, and two bytes of length. */
const HEAD_BYTES = 3;
const CRC32C = 0x03;
const SSL = 0x20;
const CRC_BYTES = 4;
/** What the client's connection was, and the result of the check of its certificate; then additions again. */
const SSL_HEAD_BYTES = 5;
const CLIENT_SSL = 0x01;

/**
 * Reads the additions (TLVs) of a version 2 header, from `start` to its end.
 *
 * Every one is held to its length, the nested ones too. A checksum has to be right; whether the client spoke TLS is taken over. All others
 * (ALPN, authority, unique id, what clouds add) are passed over: they are texts that a client may have chosen.
 *
 * Source: PROXY protocol §2.2.1 to §2.2.7.
 */
export function readTlvs(header: Buffer, { start, maxTlvs }: { start: number; maxTlvs: number }): Tlvs {
  const spans = splitTlvs(header, start);
  if (spans === undefined) return { kind: "refused", reason: "tlv-malformed" };
  const checksums = spans.filter(({ type }) => type === CRC32C);
  const ssl = spans.filter(({ type }) => type === SSL);
  const nested = ssl.map(({ from, to }) =>
    to - from < SSL_HEAD_BYTES ? undefined : splitTlvs(header.subarray(0, to), from + SSL_HEAD_BYTES),
  );
  if (nested.includes(undefined) || checksums.length > 1 || ssl.length > 1) return { kind: "refused", reason: "tlv-malformed" };
  if (spans.length + (nested[0]?.length ?? 0) > maxTlvs) return { kind: "refused", reason: "too-many-tlvs" };
  const [checksum] = checksums;
  if (checksum !== undefined && !isIntact(header, checksum)) return { kind: "refused", reason: "checksum-wrong" };
  const client = ssl[0] === undefined ? 0 : (header[ssl[0].from] ?? 0);
  return { kind: "read", isOverTls: (client & CLIENT_SSL) !== 0 };
}

/** One addition: its type, and where its value stands. */
type Span = { readonly type: number; readonly from: number; readonly to: number };

/** `undefined` when one reaches past the end, or bytes are left over. */
function splitTlvs(bytes: Buffer, start: number): readonly Span[] | undefined {
  const spans: Span[] = [];
  let at = start;
  while (at < bytes.length) {
    if (at + HEAD_BYTES > bytes.length) return undefined;
    const from = at + HEAD_BYTES;
    const to = from + bytes.readUInt16BE(at + 1);
    if (to > bytes.length) return undefined;
    spans.push({ type: bytes[at] ?? 0, from, to });
    at = to;
  }
  return spans;
}

/** §2.2.3: the checksum is that of the whole header, with zeros where it stands itself. */
function isIntact(header: Buffer, { from, to }: Span): boolean {
  if (to - from !== CRC_BYTES) return false;
  const blank = Buffer.from(header);
  blank.fill(0, from, to);
  return crc32c(blank) === header.readUInt32BE(from);
}
