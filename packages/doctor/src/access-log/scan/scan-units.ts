import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { Readable } from "node:stream";
import { setImmediate as breathed } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { LOG_LIMITS } from "../limits.ts";
import type { LineCutter } from "../read/line-cutter.ts";
import { createLogTally, type LogTally } from "../tally/log-tally.ts";
import { createLineTally, type LineTally } from "./line-tally.ts";
import { readable } from "./readable.ts";
import type { LogUnit, ScanPlan } from "./scan-plan.ts";

/** What a scan asks of who runs it. */
export type ScanWatch = {
  /** Whether to stop where it is. */
  readonly isStopped: () => boolean;
  /** Told every chunk: bytes of the input, and lines. */
  readonly onProgress: (done: { readonly bytes: number; readonly lines: number }) => void;
};

/** Scans units, one after another, as they are handed out, into one tally. Errors: LOGS_UNREADABLE. */
export async function scanUnits(
  take: () => LogUnit | undefined,
  { plan, watch }: { readonly plan: ScanPlan; readonly watch: ScanWatch },
): Promise<LogTally> {
  const scan = createScan(plan, watch);
  for (let unit = take(); unit !== undefined && !watch.isStopped(); unit = take()) {
    const { path, content } = unit;
    await readable(path, () => (content.kind === "gzip" ? scan.gzip(unit) : scan.range(unit, content)));
  }
  return scan.finish();
}

/** A scan that is under way. */
export type Scan = {
  range(unit: LogUnit, range: { readonly start: number; readonly end: number }): Promise<void>;
  gzip(unit: LogUnit): Promise<void>;
  stream(bytes: AsyncIterable<Buffer>, about: Pick<LogUnit, "index" | "format">): Promise<void>;
  finish(): LogTally;
};

export function createScan(plan: ScanPlan, watch: ScanWatch): Scan {
  const tally = createLogTally(plan.subjects.length);
  const byFormat = new Map<string, LineTally>();
  const chunk = Buffer.allocUnsafeSlow(LOG_LIMITS.chunkBytes);
  const linesOf = (unit: Pick<LogUnit, "format">): LineTally => {
    const key = JSON.stringify(unit.format, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value));
    const known = byFormat.get(key) ?? createLineTally(unit.format, { plan, tally });
    byFormat.set(key, known);
    return known;
  };
  const progress = (bytes: number): void => {
    tally.bytes += bytes;
    watch.onProgress({ bytes: tally.bytes, lines: tally.lines });
  };
  const noteCutOff = (): void => {
    tally.cutOff++;
  };
  const streamCutter = ({ index, format }: Pick<LogUnit, "index" | "format">): LineCutter =>
    linesOf({ format }).cutterFor({ file: index, offset: 0, dropsFirst: false, until: Number.POSITIVE_INFINITY });
  return {
    async range(unit, { start, end }) {
      await withFile(unit.path, async (fd) => {
        // behind a byte order mark; elsewhere the byte before tells whether a line begins here
        const first = start === 0 ? markLength(chunk.subarray(0, readSync(fd, chunk, 0, MARK.length, 0))) : start - 1;
        const cutter = linesOf(unit).cutterFor({ file: unit.index, offset: first, dropsFirst: start > 0, until: end });
        let at = first;
        let counted = start;
        for (;;) {
          // behind the end there is only the rest of a line
          const wanted = at < end ? Math.min(chunk.length, end - at) : LOG_LIMITS.restBytes;
          const read = readSync(fd, chunk, 0, wanted, at);
          if (read > 0) cutter.push(chunk.subarray(0, read));
          const reached = Math.max(counted, Math.min(at + read, end));
          progress(reached - counted);
          counted = reached;
          at += read;
          if (read === 0) cutter.end();
          if (read === 0 || cutter.isDone || watch.isStopped()) return;
          await breathed();
        }
      });
    },
    async gzip(unit) {
      const file = createReadStream(unit.path, { highWaterMark: LOG_LIMITS.chunkBytes });
      await cutAll(gunzipped(file, { onBytes: progress, onCutOff: noteCutOff }), {
        cutter: streamCutter(unit),
        isStopped: watch.isStopped,
      });
      progress(0);
    },
    async stream(bytes, about) {
      await cutAll(bytes, { cutter: streamCutter(about), isStopped: watch.isStopped, progress });
    },
    finish() {
      for (const lines of byFormat.values()) lines.finish();
      return tally;
    },
  };
}

/** Hands a stream to a cutter, without a byte order mark. */
async function cutAll(
  bytes: AsyncIterable<Buffer>,
  {
    cutter,
    isStopped,
    progress,
  }: { readonly cutter: LineCutter; readonly isStopped: () => boolean; readonly progress?: (bytes: number) => void },
): Promise<void> {
  let isFirst = true;
  for await (const piece of bytes) {
    cutter.push(isFirst ? piece.subarray(markLength(piece)) : piece);
    isFirst = false;
    progress?.(piece.length);
    if (isStopped()) return;
  }
  cutter.end();
}

/** What is told while gzip is unpacked: bytes of the file, as only its size is known; and that it ends before its time. */
export type GunzipWatch = { readonly onBytes?: (bytes: number) => void; readonly onCutOff?: () => void };

/** The bytes behind gzip. One that is cut off ends where it is. */
export async function* gunzipped(bytes: AsyncIterable<Buffer>, { onBytes, onCutOff }: GunzipWatch): AsyncGenerator<Buffer> {
  const source = Readable.from(bytes);
  const gunzip = createGunzip({ chunkSize: 262_144 });
  source.on("data", (piece: Buffer) => onBytes?.(piece.length)).on("error", (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "Z_BUF_ERROR")) throw error;
    onCutOff?.();
  } finally {
    source.destroy();
  }
}

/** UTF-8's byte order mark. */
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** How many bytes a byte order mark at the beginning takes. */
function markLength(bytes: Buffer): number {
  return bytes.subarray(0, MARK.length).equals(MARK) ? MARK.length : 0;
}

/** Opens a file, hands it out, and closes it. */
async function withFile(path: string, use: (fd: number) => Promise<void>): Promise<void> {
  const fd = openSync(path, "r");
  try {
    await use(fd);
  } finally {
    closeSync(fd);
  }
}
