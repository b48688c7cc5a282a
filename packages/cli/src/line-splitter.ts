const NEWLINE = 0x0a;

/** Cuts bytes into lines without ever holding more than one line of `maxLineBytes`. */
export type LineSplitter = {
  push(chunk: Buffer): void;
  /** The input is over: hands out a last line that no newline ended. */
  end(): void;
};

export type LineSplitterOptions = {
  readonly maxLineBytes: number;
  /** `undefined` for a line that was longer than `maxLineBytes`: its bytes are gone. */
  readonly onLine: (line: string | undefined) => void;
};

/** Lines end in LF; a CR before it stays, as white space. Bytes that are no UTF-8 become U+FFFD, which is part of no address. */
export function createLineSplitter({ maxLineBytes, onLine }: LineSplitterOptions): LineSplitter {
  let pieces: Buffer[] = [];
  let heldBytes = 0;
  let isTooLong = false;

  function hold(piece: Buffer): void {
    heldBytes += piece.length;
    if (heldBytes > maxLineBytes) {
      isTooLong = true;
      pieces = [];
    }
    if (!isTooLong && piece.length > 0) pieces.push(piece);
  }

  function release(): void {
    onLine(isTooLong ? undefined : Buffer.concat(pieces).toString("utf8"));
    pieces = [];
    heldBytes = 0;
    isTooLong = false;
  }

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        // Most lines lie whole in one chunk, and copying each would double the time.
        if (heldBytes === 0 && end - start <= maxLineBytes) {
          onLine(chunk.toString("utf8", start, end));
        } else {
          hold(chunk.subarray(start, end));
          release();
        }
        start = end + 1;
      }
      hold(chunk.subarray(start));
    },
    end() {
      if (heldBytes > 0) release();
    },
  };
}
