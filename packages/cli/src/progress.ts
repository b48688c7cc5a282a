const FIRST_REPORT_MS = 2_000;
const REPORT_EVERY_MS = 500;

export type ProgressOptions = {
  readonly write: (text: string) => void;
  /** Milliseconds on any clock that never goes back. */
  readonly now: () => number;
  /** Size of the input where it is known (a file): then the time left is shown too. */
  readonly totalBytes: number | undefined;
};

/** One line on a terminal that says how far a long input has come. A short input shows nothing. */
export type Progress = {
  report(done: { readonly lines: number; readonly bytes: number }): void;
  /** Wipes the line, so that the shell's prompt starts clean. */
  end(): void;
};

export function createProgress({ write, now, totalBytes }: ProgressOptions): Progress {
  const startedAt = now();
  let nextAt = startedAt + FIRST_REPORT_MS;
  let isShown = false;
  return {
    report({ lines, bytes }) {
      const at = now();
      if (at < nextAt) return;
      nextAt = at + REPORT_EVERY_MS;
      isShown = true;
      const seconds = (at - startedAt) / 1000;
      write(`\r\x1b[K${grouped(lines)} lines, ${grouped(lines / seconds)} lines/s${timeLeft(bytes, seconds, totalBytes)}`);
    },
    end() {
      if (isShown) write("\r\x1b[K");
    },
  };
}

function timeLeft(bytes: number, seconds: number, totalBytes: number | undefined): string {
  if (totalBytes === undefined || bytes === 0) return "";
  const percent = Math.min(100, Math.floor((bytes / totalBytes) * 100));
  const secondsLeft = Math.max(0, Math.ceil(((totalBytes - bytes) / bytes) * seconds));
  return `, ${percent} %, ${secondsLeft} s left`;
}

function grouped(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}
