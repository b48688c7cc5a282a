import { closeSync, writeSync } from "node:fs";
import type { LineWriter, WriterEvents } from "./line-writer.ts";

/** How soon a full pipe is tried again. */
const RETRY_MS = 50;

/**
 * Writes to a pipe that was opened not to block: at once, which costs less than to hand so little to a thread, and keeps up however long the process is busy.
 * A text of at most 4,096 bytes goes in undivided between those of other processes (POSIX, PIPE_BUF).
 */
export class PipeWriter implements LineWriter {
  readonly #fd: number;
  readonly #events: WriterEvents;
  readonly #waiting: string[] = [];
  #retry: NodeJS.Timeout | undefined;
  #isEnding = false;
  #isClosed = false;

  constructor(fd: number, events: WriterEvents) {
    this.#fd = fd;
    this.#events = events;
  }

  write(text: string): void {
    this.#waiting.push(text);
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
      for (let text = this.#waiting[0]; text !== undefined; text = this.#waiting[0]) {
        const bytes = writeSync(this.#fd, text, null, "latin1");
        if (bytes < text.length) this.#waiting[0] = text.slice(bytes);
        else this.#waiting.shift();
        this.#events.onWritten(bytes);
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
