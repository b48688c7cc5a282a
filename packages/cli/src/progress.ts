const FIRST_REPORT_MS = 2_000;
const REPORT_EVERY_MS = 500;
const REPORT_LINE_EVERY_MS = 5_000;

export type ProgressOptions = {
  readonly write: (text: string) => void;
  /** Milliseconds on any clock that never goes back. */
  readonly now: () => number;
  /** Size of the input where it is known (a file): then the time left is shown too. */
  readonly totalBytes: number | undefined;
  /** What is counted as lines: `lines` unless it is said. */
  readonly counted?: string;
  /** Off a terminal each report is a line of its own. */
  readonly isTerminal?: boolean;
};

/** One line on a terminal that says how far a long input has come. A short input shows nothing. */
export type Progress = {
  /** `totalBytes` where the size of the input has become known meanwhile. */
  report(done: { readonly lines: number; readonly bytes: number; readonly totalBytes?: number | undefined }): void;
  /** Wipes the line, so that the shell's prompt starts clean. */
  end(): void;
};

export function createProgress({ write, now, totalBytes: knownBytes, counted = "lines", isTerminal = true }: ProgressOptions): Progress {
  const startedAt = now();
  let nextAt = startedAt + FIRST_REPORT_MS;
  let isShown = false;
  return {
    report({ lines, bytes, totalBytes = knownBytes }) {
      const at = now();
      if (at < nextAt) return;
      nextAt = at + (isTerminal ? REPORT_EVERY_MS : REPORT_LINE_EVERY_MS);
      isShown = isTerminal;
      const seconds = (at - startedAt) / 1000;
      const text = `${grouped(lines)} ${counted}, ${grouped(lines / seconds)} ${counted}/s${timeLeft(bytes, seconds, totalBytes)}`;
      write(isTerminal ? `\r\x1b[K${text}` : `${text}\n`);
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
