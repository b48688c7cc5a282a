import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { escapeText } from "wherefrom";
import { LogError } from "../errors.ts";
import { type ChosenFormat, chooseFormat, type FormatOptions } from "../format/choose-format.ts";
import { LOG_LIMITS } from "../limits.ts";
import { readable } from "./readable.ts";
import type { LogUnit } from "./scan-plan.ts";
import { gunzipped } from "./scan-units.ts";

/** A log that was looked into: its size, its format, and the parts that it is read in. */
export type OpenedLog = {
  readonly path: string;
  readonly bytes: number;
  readonly chosen: ChosenFormat;
  readonly units: readonly LogUnit[];
};

/** Looks into each file. Errors: LOGS_UNREADABLE, and those of `chooseFormat`. */
export async function openLogs(paths: readonly string[], options: FormatOptions): Promise<readonly OpenedLog[]> {
  const opened: OpenedLog[] = [];
  for (const [index, path] of paths.entries()) opened.push(await readable(path, () => openLog(path, { index, options })));
  return opened;
}

async function openLog(path: string, { index, options }: { readonly index: number; readonly options: FormatOptions }): Promise<OpenedLog> {
  const { size, isGzip, isFile, start } = lookInto(path);
  if (!isFile)
    throw new LogError("LOGS_UNREADABLE", `Cannot read ${escapeText(path)}: it is no regular file. Give a stream as standard input, by -`);
  const packed = PACKED.find(({ at, magic }) => start.subarray(at, at + magic.length).equals(magic));
  if (packed !== undefined) {
    const way = `${packed.program} -dc ${escapeText(path)} | wherefrom doctor logs -`;
    throw new LogError("LOGS_UNREADABLE", `Cannot read ${escapeText(path)}: it is packed by ${packed.program}. Give it unpacked: ${way}`);
  }
  const head = isGzip ? await gunzippedHead(path) : start;
  const chosen = chooseFormat(head, { path, ...options });
  const content = isGzip ? [{ kind: "gzip" } as const] : rangesOf(size);
  return { path, bytes: size, chosen, units: content.map((part) => ({ index, path, format: chosen.format, content: part })) };
}

/** What stands at the beginning of files that are packed in a way that is not read here. */
const PACKED: readonly { readonly program: string; readonly at: number; readonly magic: Buffer }[] = [
  { program: "xz", at: 0, magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) },
  { program: "zstd", at: 0, magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) },
  { program: "bzip2", at: "BZh9".length, magic: Buffer.from("1AY&SY") },
];

function lookInto(path: string): { readonly size: number; readonly isFile: boolean; readonly isGzip: boolean; readonly start: Buffer } {
  const fd = openSync(path, "r");
  try {
    const stats = fstatSync(fd);
    const head = Buffer.alloc(LOG_LIMITS.maxDetectBytes);
    const start = head.subarray(0, stats.isFile() ? readSync(fd, head, 0, head.length, 0) : 0);
    return { size: stats.size, isFile: stats.isFile(), isGzip: isGzipped(start), start };
  } finally {
    closeSync(fd);
  }
}

/** RFC 1952 §2.3.1. */
export function isGzipped(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function gunzippedHead(path: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of gunzipped(createReadStream(path), {})) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= LOG_LIMITS.maxDetectBytes) break;
  }
  return Buffer.concat(pieces).subarray(0, LOG_LIMITS.maxDetectBytes);
}

function rangesOf(size: number): readonly LogUnit["content"][] {
  const count = Math.max(1, Math.ceil(size / LOG_LIMITS.rangeBytes));
  return Array.from({ length: count }, (_, index) => ({
    kind: "range",
    start: index * LOG_LIMITS.rangeBytes,
    end: index === count - 1 ? Number.POSITIVE_INFINITY : (index + 1) * LOG_LIMITS.rangeBytes,
  }));
}
