import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { AsciiWriter } from "../record/ascii-writer.ts";
import { FileWriter } from "./file-writer.ts";
import type { LineWriter } from "./line-writer.ts";
import { PipeWriter } from "./pipe-writer.ts";

/** What is reported of an open log file. */
export type LogFileEvents = {
  /** So many lines are in the file. */
  readonly onWritten: (lines: number) => void;
  /** So many lines never will be: there was no room to keep them. */
  readonly onDropped: (lines: number) => void;
  /** Writing fails. Lines that are kept are tried again with later ones. */
  readonly onFailed: (error: Error) => void;
};

type LogFileOptions = {
  /** What may wait to be written. */
  readonly maxBufferedBytes: number;
  readonly events: LogFileEvents;
};

/** No line is longer, in bytes: its texts have at most five bytes a character, and the rest is of ours. */
export const maxLineBytes = 65_536;

/** Lines are put together until there are so many bytes, or until so much time has passed. */
const MAX_FILE_BATCH_BYTES = 262_144;
/** No more than a pipe takes in undivided. */
const MAX_PIPE_BATCH_BYTES = 4_096;
const MAX_DELAY_MS = 200;
/** How long a last attempt may take that is under way when time is over. */
const LAST_ATTEMPT_MS = 250;

/**
 * A file that lines are appended to. It owns the file. Nobody ever waits for it: lines that cannot be written yet are kept in memory, and what is
 * beyond `maxBufferedBytes` is dropped and counted. A line that was taken is in the file within 200 ms, unless the file cannot be written.
 */
export class LogFile {
  readonly #writer: LineWriter;
  readonly #maxBatchBytes: number;
  readonly #maxBufferedBytes: number;
  readonly #events: LogFileEvents;
  /** Where each line that waits ends, and how far the file has got: in bytes since it was opened. */
  readonly #ends: number[] = [];
  /** Lines for the next write, from the beginning of what was written, and room behind it for one more. */
  readonly #batch: AsciiWriter;
  #batchBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #takenBytes = 0;
  #writtenBytes = 0;
  #closing: Promise<number> | undefined;
  #onClosed: () => void = () => undefined;

  /** `path` names a file or a pipe that has a reader; `-` is standard output. Errors: those of the system, for a file that cannot be opened. */
  constructor(path: string, { maxBufferedBytes, events }: LogFileOptions) {
    const fd = openToAppend(path);
    const stat = fstatSync(fd);
    const isPipe = stat.isFIFO();
    this.#maxBatchBytes = isPipe ? MAX_PIPE_BATCH_BYTES : MAX_FILE_BATCH_BYTES;
    this.#batch = new AsciiWriter(Buffer.allocUnsafeSlow(this.#maxBatchBytes + maxLineBytes));
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#events = events;
    const writerEvents = {
      onWritten: (bytes: number) => this.#advance(bytes),
      onFailed: events.onFailed,
      onClosed: () => this.#onClosed(),
    };
    this.#writer = isPipe ? new PipeWriter(fd, writerEvents) : new FileWriter(fd, writerEvents);
    if (stat.isFile() && endsTorn(path, stat.size)) this.#endLine();
  }

  /** Lines that are not in the file yet. */
  get waiting(): number {
    return this.#ends.length;
  }

  /** Has a line written, in ASCII with its end and of `maxLineBytes` at the most, and takes it. What `write` throws, it throws, and takes nothing. */
  add<Given>(given: Given, write: (given: Given, line: AsciiWriter) => void): void {
    const lines = this.#batch;
    const start = this.#batchBytes;
    lines.at = start;
    write(given, lines);
    const takenBytes = this.#takenBytes + lines.at - start;
    if (takenBytes - this.#writtenBytes > this.#maxBufferedBytes) return this.#events.onDropped(1);
    this.#takenBytes = takenBytes;
    this.#ends.push(takenBytes);
    if (lines.at > this.#maxBatchBytes) return this.#beginNext(start);
    this.#batchBytes = lines.at;
    this.#timer ??= setTimeout(this.#flush, MAX_DELAY_MS);
  }

  /** Writes what waits and closes. What cannot be written within `timeoutMs` is dropped: gives the number of lines. Not to be written to after this. */
  close(timeoutMs: number): Promise<number> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  /** The line that begins there is too much for this write: it is the first of the next, or the only one where it is too long itself. */
  #beginNext(start: number): void {
    const { bytes, at } = this.#batch;
    this.#flush();
    bytes.copyWithin(0, start, at);
    this.#batchBytes = at - start;
    if (this.#batchBytes > this.#maxBatchBytes) this.#flush();
    else this.#timer ??= setTimeout(this.#flush, MAX_DELAY_MS);
  }

  readonly #flush = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batchBytes === 0) return;
    this.#writer.write(Buffer.from(this.#batch.bytes.subarray(0, this.#batchBytes)));
    this.#batchBytes = 0;
  };

  /** Ends a line that is not of this opening. */
  #endLine(): void {
    this.#takenBytes += LINE_END.length;
    this.#writer.write(LINE_END);
  }

  async #close(timeoutMs: number): Promise<number> {
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve;
    });
    this.#flush();
    this.#writer.end();
    if (await within(timeoutMs, closed)) return 0;
    this.#writer.giveUp();
    await within(LAST_ATTEMPT_MS, closed);
    return this.#ends.splice(0).length;
  }

  #advance(bytes: number): void {
    this.#writtenBytes += bytes;
    const { length } = this.#ends;
    let lines = 0;
    while (lines < length && (this.#ends[lines] as number) <= this.#writtenBytes) lines += 1;
    if (lines === 0) return;
    this.#ends.splice(0, lines);
    this.#events.onWritten(lines);
  }
}

/** Whether it came in time. */
async function within(timeoutMs: number, event: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeIsOver = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const came = await Promise.race([event.then(() => true), timeIsOver]);
  clearTimeout(timer);
  return came;
}

/** The file descriptor of standard output. */
const STDOUT = 1;
/** Of a log file that is made here: its lines are about people. */
const FILE_MODE = 0o640;
/** Not blocking: a pipe that nobody reads must not hold up the thread that writes to it, nor the opening of one that has no reader. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

const LINE_END = Buffer.from("\n");

/** Whether the last line of a file has no end, as a full disk or the end of a process leaves one. Not of one that may be written to and not read. */
function endsTorn(path: string, size: number): boolean {
  if (path === "-" || size === 0) return false;
  const last = Buffer.alloc(LINE_END.length);
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY);
    readSync(fd, last, { position: size - last.length });
  } catch {
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  return !last.equals(LINE_END);
}

function openToAppend(path: string): number {
  if (path !== "-") return openSync(path, APPEND, FILE_MODE);
  // Opened once more, a pipe blocks or not for this opening alone. Anything else behind standard output has one place to write at, to be shared.
  return fstatSync(STDOUT).isFIFO() ? openSync("/dev/stdout", APPEND) : STDOUT;
}
