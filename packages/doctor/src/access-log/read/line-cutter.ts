const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export type LineCutterOptions = {
  readonly maxLineBytes: number;
  /** Gets a line without its end, and where in the input it begins. The bytes are valid until it returns. */
  readonly onLine: (bytes: Buffer, at: { readonly start: number; readonly end: number; readonly offset: number }) => void;
  /** Gets where a line begins that was longer than `maxLineBytes`. */
  readonly onTooLong: (offset: number) => void;
  /** A line that begins here or later is not handed out: it is somebody else's. */
  readonly until: number;
};

/**
 * Cuts bytes into lines, wherever the chunks end. It holds at most one line that is not whole yet. Lines end in LF or CRLF, the last perhaps in nothing; empty ones are passed over.
 *
 * A class, as it owns the bytes that it holds back.
 */
export class LineCutter {
  readonly #options: LineCutterOptions;
  readonly #at = { start: 0, end: 0, offset: 0 };
  #held: Buffer = Buffer.alloc(4_096);
  #heldBytes = 0;
  /** Where the line begins that is not whole yet. */
  #offset: number;
  #isTooLong = false;
  #isDropping: boolean;
  #isDone = false;

  /** With `dropsFirst`, what stands before the first LF is dropped: the rest of a line that is somebody else's. */
  constructor(options: LineCutterOptions, { offset, dropsFirst }: { readonly offset: number; readonly dropsFirst: boolean }) {
    this.#options = options;
    this.#offset = offset;
    this.#isDropping = dropsFirst;
  }

  /** Whether every line has been handed out that is to be. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Takes the next bytes of the input. */
  push(chunk: Buffer): void {
    let start = 0;
    while (!this.#isDone) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end === -1) break;
      const length = this.#heldBytes + end - start + 1;
      if (this.#isDropping) this.#isDropping = false;
      else if (this.#heldBytes === 0 && !this.#isTooLong) this.#hand(chunk, start, end);
      else {
        this.#hold(chunk, start, end);
        this.#release();
      }
      this.#offset += length;
      start = end + 1;
      if (this.#offset >= this.#options.until) this.#isDone = true;
    }
    if (this.#isDone) return;
    if (this.#isDropping) {
      this.#offset += chunk.length - start;
      // whose line this is the rest of, it ends behind all that is wanted here: not to be looked for by every part of a file without line ends
      this.#isDone = this.#offset >= this.#options.until;
    } else this.#hold(chunk, start, chunk.length);
  }

  /** The input is over: hands out a last line that no LF ended. */
  end(): void {
    if (!this.#isDone && !this.#isDropping && this.#heldBytes > 0) this.#release();
  }

  #hand(bytes: Buffer, start: number, end: number): void {
    const length = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (length === start) return;
    if (length - start > this.#options.maxLineBytes) return this.#options.onTooLong(this.#offset);
    const at = this.#at;
    at.start = start;
    at.end = length;
    at.offset = this.#offset;
    this.#options.onLine(bytes, at);
  }

  /** Keeps a piece of a line; of one that is too long only how much of it there was. */
  #hold(chunk: Buffer, start: number, end: number): void {
    const bytes = this.#heldBytes + end - start;
    // a CR may still go
    if (bytes > this.#options.maxLineBytes + 1) this.#isTooLong = true;
    if (!this.#isTooLong) {
      if (bytes > this.#held.length) {
        const larger = Buffer.allocUnsafe(Math.min(bytes * 2, this.#options.maxLineBytes + 1));
        this.#held.copy(larger, 0, 0, this.#heldBytes);
        this.#held = larger;
      }
      chunk.copy(this.#held, this.#heldBytes, start, end);
    }
    this.#heldBytes = bytes;
  }

  #release(): void {
    if (this.#isTooLong) this.#options.onTooLong(this.#offset);
    else this.#hand(this.#held, 0, this.#heldBytes);
    this.#isTooLong = false;
    this.#heldBytes = 0;
  }
}
