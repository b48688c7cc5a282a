import { closeSync, writeSync } from "node:fs";
import type { LineWriter, WriterEvents } from "./line-writer.ts";

/** How soon a full pipe is tried again. */
const RETRY_MS = 50;

/**
 * Writes to a pipe that was opened not to block: at once, which costs less than to hand so little to a thread, and keeps up however long the process is busy.
 * At most 4,096 bytes go in undivided between those of other processes (POSIX, PIPE_BUF).
 */
export class PipeWriter implements LineWriter {
  readonly #fd: number;
  readonly #events: WriterEvents;
  readonly #waiting: Buffer[] = [];
  #retry: NodeJS.Timeout | undefined;
  #isEnding = false;
  #isClosed = false;

  constructor(fd: number, events: WriterEvents) {
    this.#fd = fd;
    this.#events = events;
  }

  write(bytes: Buffer): void {
    this.#waiting.push(bytes);
    if (this.#retry === undefined) this.#writeAll();
  }

  end(): void {
    this.#isEnding = true;
    if (this.#retry === undefined) this.#writeAll();
  }

  giveUp(): void {
    this.#close();
  }

  #writeAll(): void {
    this.#retry = undefined;
    try {
      for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
        const written = writeSync(this.#fd, first);
        if (written < first.length) this.#waiting[0] = first.subarray(written);
        else this.#waiting.shift();
        this.#events.onWritten(written);
      }
    } catch (error) {
      if (!isFull(error)) this.#events.onFailed(error as Error);
      this.#retry = setTimeout(() => this.#writeAll(), RETRY_MS);
      return;
    }
    if (this.#isEnding) this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#retry);
    closeSync(this.#fd);
    this.#events.onClosed();
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}
