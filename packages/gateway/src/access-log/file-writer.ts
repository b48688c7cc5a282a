import { close, writev } from "node:fs";
import type { LineWriter, WriterEvents } from "./line-writer.ts";

/** How soon what could not be written is tried again. */
const RETRY_MS = 100;

/** The file descriptor of standard output, which is not ours to close. */
const STDOUT = 1;

/**
 * Writes to a file in the background. For what may take its time (a disk) or even block (a terminal). One write is under way at a time, with all that waits
 * in it: it may take as long as all other work of the process.
 */
export class FileWriter implements LineWriter {
  readonly #fd: number;
  readonly #events: WriterEvents;
  #waiting: Buffer[] = [];
  #retry: NodeJS.Timeout | undefined;
  #isWriting = false;
  #isEnding = false;
  #hasGivenUp = false;
  #isClosed = false;

  constructor(fd: number, events: WriterEvents) {
    this.#fd = fd;
    this.#events = events;
  }

  write(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#writeAll();
  }

  end(): void {
    this.#isEnding = true;
    this.#writeAll();
  }

  giveUp(): void {
    this.#hasGivenUp = true;
    // A write that is under way would go to whatever the system opens next under the same number.
    if (!this.#isWriting) this.#close();
  }

  #writeAll(): void {
    if (this.#isWriting || this.#retry !== undefined) return;
    if (this.#waiting.length > 0) {
      this.#isWriting = true;
      writev(this.#fd, this.#waiting, this.#onWritten);
    } else if (this.#isEnding) this.#close();
  }

  readonly #onWritten = (error: NodeJS.ErrnoException | null, bytes: number): void => {
    this.#isWriting = false;
    if (error === null) {
      this.#waiting = without(this.#waiting, bytes);
      this.#events.onWritten(bytes);
    } else {
      if (error.code !== "EAGAIN") this.#events.onFailed(error);
      this.#retry = setTimeout(this.#tryAgain, RETRY_MS);
    }
    if (this.#hasGivenUp) this.#close();
    else this.#writeAll();
  };

  readonly #tryAgain = (): void => {
    this.#retry = undefined;
    this.#writeAll();
  };

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#retry);
    if (this.#fd === STDOUT) this.#events.onClosed();
    else close(this.#fd, () => this.#events.onClosed());
  }
}

/** What is left of a queue when so many bytes of it are written. */
function without(queue: readonly Buffer[], bytes: number): Buffer[] {
  let written = 0;
  let left = bytes;
  for (; written < queue.length && left >= (queue[written] as Buffer).length; written += 1) left -= (queue[written] as Buffer).length;
  const [first, ...rest] = queue.slice(written);
  return first === undefined ? [] : [first.subarray(left), ...rest];
}
