import { isIPv4, isIPv6 } from "node:net";
import { parseAddress } from "wherefrom";

/** What the bytes of a whole connection begin with, said slowly and by other means than the parser's: text, regular expressions, bit loops. */
export type OracleAnswer = { readonly peer: string | "own" | "local"; readonly isOverTls: boolean; readonly length: number } | "refused";

const LINE = /^PROXY (?:UNKNOWN(?: [^\r\n]*)?|TCP(?<version>[46]) (?<source>[^ \r\n]+) (?<target>[^ \r\n]+) (?<ports>\d+ \d+))\r\n/;
const SIGNATURE = "0d0a0d0a000d0a515549540a";

export function readWholeConnection(bytes: Buffer): OracleAnswer {
  const line = LINE.exec(bytes.toString("latin1"));
  if (line !== null) return readLine(line);
  return bytes.toString("hex").startsWith(SIGNATURE) ? readBlock(bytes.subarray(12)) : "refused";
}

function readLine(line: RegExpExecArray): OracleAnswer {
  const [{ length }] = line;
  const { version, source = "", target = "", ports = "" } = line.groups ?? {};
  if (length > 107) return "refused";
  if (version === undefined) return { peer: "own", isOverTls: false, length };
  const isOfVersion = version === "4" ? isIPv4 : isIPv6;
  const arePorts = ports.split(" ").every((port) => String(Number(port)) === port && Number(port) < 65_536);
  if (![source, target].every((text) => isOfVersion(text) && !text.includes("%") && parseAddress(text) !== undefined) || !arePorts)
    return "refused";
  return { peer: parseAddress(source)?.text ?? "", isOverTls: false, length };
}

function readBlock(bytes: Buffer): OracleAnswer {
  if (bytes.length < 4) return "refused";
  const [head = "", family = ""] = [bytes.toString("hex", 0, 1), bytes.toString("hex", 1, 2)];
  const size = bytes.readUInt16BE(2);
  const body = bytes.subarray(4, 4 + size);
  const length = 16 + size;
  if (length > 4_096 || body.length < size) return "refused";
  if (head === "20") return { peer: "local", isOverTls: false, length };
  if (head === "21" && family === "00") return { peer: "own", isOverTls: false, length };
  if (head !== "21" || (family !== "11" && family !== "21")) return "refused";
  const width = family === "11" ? 4 : 16;
  if (size < 2 * width + 4) return "refused";
  const [source, target] = [addressIn(body.subarray(0, width)), addressIn(body.subarray(width, 2 * width))];
  const isOverTls = additionsIn(body.subarray(2 * width + 4), Buffer.from(`${SIGNATURE}${bytes.toString("hex", 0, 4 + size)}`, "hex"));
  if (source === undefined || target === undefined || isOverTls === "refused") return "refused";
  return { peer: source, isOverTls, length };
}

function addressIn(bytes: Buffer): string | undefined {
  if (bytes.length === 4) return parseAddress([...bytes].join("."))?.text;
  return parseAddress((bytes.toString("hex").match(/.{4}/g) ?? []).join(":"))?.text;
}

type Addition = {
  readonly type: number;
  readonly value: Buffer;
  /** How many bytes there are from its type to the end. */
  readonly bytesToEnd: number;
};

/** Whether the client spoke TLS. `whole` is the header from its signature on, for the checksum. */
function additionsIn(bytes: Buffer, whole: Buffer): boolean | "refused" {
  const additions = listAdditions(bytes);
  if (additions === "refused") return "refused";
  const [checksums, tls] = [3, 0x20].map((type) => additions.filter((addition) => addition.type === type));
  const [word] = tls ?? [];
  const nested = word === undefined ? [] : listAdditions(word.value.subarray(5));
  if ((checksums?.length ?? 0) > 1 || (tls?.length ?? 0) > 1 || nested === "refused" || (word?.value.length ?? 5) < 5) return "refused";
  if (additions.length + nested.length > 64) return "refused";
  const [checksum] = checksums ?? [];
  if (checksum !== undefined && (checksum.value.length !== 4 || !isRight(checksum, whole))) return "refused";
  return word !== undefined && (word.value[0] ?? 0) % 2 === 1;
}

function listAdditions(bytes: Buffer): readonly Addition[] | "refused" {
  if (bytes.length === 0) return [];
  if (bytes.length < 3) return "refused";
  const size = bytes.readUInt16BE(1);
  if (bytes.length < 3 + size) return "refused";
  const rest = listAdditions(bytes.subarray(3 + size));
  return rest === "refused" ? "refused" : [{ type: bytes[0] ?? 0, value: bytes.subarray(3, 3 + size), bytesToEnd: bytes.length }, ...rest];
}

/** The polynomial of Castagnoli, bit by bit; where the checksum stands, zeros count. */
function isRight({ value, bytesToEnd }: Addition, whole: Buffer): boolean {
  const at = whole.length - bytesToEnd + 3;
  let register = 0xffffffffn;
  whole.forEach((byte, index) => {
    register ^= BigInt(index >= at && index < at + 4 ? 0 : byte);
    for (let bit = 0; bit < 8; bit += 1) register = register % 2n === 1n ? (register / 2n) ^ 0x82f63b78n : register / 2n;
  });
  return (register ^ 0xffffffffn) === BigInt(value.readUInt32BE(0));
}
