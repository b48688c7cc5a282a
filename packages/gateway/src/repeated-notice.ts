import type { NoticeCode } from "./errors.ts";
import type { Notice } from "./notice.ts";

/** How long a warning of one kind is counted and not written again. */
const QUIET_MS = 10_000;

/**
 * Warnings that whoever can connect can cause: the first of a kind is written at once, those within the next ten seconds are counted, and then
 * their number is written. A flood of connections is no flood of lines.
 */
export class RepeatedNotices {
  readonly #onNotice: (notice: Notice) => void;
  /** How many more there were of a kind since it was last written. */
  readonly #counts = new Map<NoticeCode, number>();

  constructor(onNotice: (notice: Notice) => void) {
    this.#onNotice = onNotice;
  }

  warn(code: NoticeCode, message: string): void {
    const count = this.#counts.get(code);
    if (count !== undefined) return void this.#counts.set(code, count + 1);
    this.#onNotice({ level: "warning", code, message });
    this.#wait(code, message);
  }

  #wait(code: NoticeCode, message: string): void {
    this.#counts.set(code, 0);
    setTimeout(() => {
      const count = this.#counts.get(code) ?? 0;
      this.#counts.delete(code);
      if (count === 0) return;
      this.#onNotice({ level: "warning", code, message: `${message}; ${count} more like it in ${QUIET_MS / 1_000} s` });
      this.#wait(code, message);
    }, QUIET_MS).unref();
  }
}
