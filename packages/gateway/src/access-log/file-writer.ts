import sonicBoom from "sonic-boom";
import type { LineWriter, WriterEvents } from "./line-writer.ts";

/** What is written at once. Only one write is under way at a time, and it may take as long as all other work of the process: so a large one. */
const MAX_WRITE_BYTES = 262_144;

/** Writes to a file in the background. For what may take its time (a disk) or even block (a terminal). */
export function openFileWriter(fd: number, { onWritten, onFailed, onClosed }: WriterEvents): LineWriter {
  let hasGivenUp = false;
  const writer = new sonicBoom.SonicBoom({ fd, maxWrite: MAX_WRITE_BYTES, retryEAGAIN: () => !hasGivenUp });
  writer.on("write", onWritten);
  writer.on("close", onClosed);
  writer.on("error", (error) => {
    if (hasGivenUp) writer.destroy();
    else onFailed(error);
  });
  return {
    write: (text) => void writer.write(text),
    end: () => writer.end(),
    giveUp() {
      hasGivenUp = true;
      // Closed only when no attempt is under way: that one would go to whatever the system opens next under the same number. This makes one if there is none.
      writer.write("");
    },
  };
}
