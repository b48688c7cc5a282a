import { once } from "node:events";
import { CliError } from "./errors.ts";

/** Where a command writes. Whoever reads may leave early (`| head`): then writing goes on quietly into nothing. */
export type Output = {
  /** Resolves when the stream has room again, so that a slow reader slows the writer. */
  write(text: string): Promise<void>;
  /** Resolves when everything has left the process. Throws the fault of the stream, if it had one (a full disk). */
  finish(): Promise<void>;
  /** Whether writing has become pointless: the reader has left, or the stream is broken. */
  isClosed(): boolean;
};

/** Wraps a stream. A broken pipe closes the output and is no error; any other fault closes it too, and `finish` throws it. */
export function openOutput(stream: NodeJS.WritableStream): Output {
  let isClosed = false;
  let fault: Error | undefined;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    isClosed = true;
    if (error.code !== "EPIPE") fault = error;
  });
  return {
    isClosed: () => isClosed,
    async write(text) {
      if (isClosed || stream.write(text)) return;
      // `once` rejects on "error", which the listener above has already judged.
      await once(stream, "drain").catch(() => undefined);
    },
    async finish() {
      if (!isClosed) await new Promise<void>((resolve) => stream.write("", () => resolve()));
      if (fault !== undefined)
        throw new CliError("OUTPUT_UNWRITABLE", `Cannot write to standard output: ${fault.message}`, { cause: fault });
    },
  };
}

/** What a terminal shows as it stands: printable ASCII, and the quotation marks of the explanation's sentences. */
const UNPRINTABLE = /[^\x20-\x7e\u00ab\u00bb]/g;
const UNPRINTABLE_IN_JSON = /[^\x0a\x20-\x7e\u00ab\u00bb]/g;

/**
 * Text that the library has already escaped, made sure of: nothing in it can steer a terminal (C0, DEL, C1, bidi). Not for text straight
 * from a request, where a backslash must be escaped too: that is `escapeText`.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeUnit);
}

/** JSON that cannot steer a terminal either. It reads back as the same value. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(UNPRINTABLE_IN_JSON, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
