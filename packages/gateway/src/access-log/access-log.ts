import { escapeText } from "wherefrom";
import { GatewayError } from "../errors.ts";
import type { GatewayLimits } from "../limits.ts";
import type { Notice } from "../notice.ts";
import type { AsciiWriter } from "../record/ascii-writer.ts";
import type { EndedExchange, RecordTaker } from "../record/record-queue.ts";
import type { AccessLogOptions } from "./access-log-options.ts";
import { combinedWriter } from "./combined-line.ts";
import { jsonWriter } from "./json-line.ts";
import { LogFile, type LogFileEvents } from "./log-file.ts";
import { maxFieldLength, printable } from "./printable.ts";

/** How many exchanges a log has seen: all of them are `recorded` (in the file), `dropped` or `waiting`. */
export type AccessLogCounts = { readonly recorded: number; readonly dropped: number; readonly waiting: number };

type AccessLogContext = {
  /** The name that this gateway goes by. */
  readonly gateway: string;
  readonly limits: GatewayLimits;
  readonly onNotice: (notice: Notice) => void;
};

/** One line for each exchange that is over. It never makes an exchange wait: what cannot be written and not be kept is dropped and counted. */
export class AccessLog implements RecordTaker {
  readonly #path: string;
  readonly #context: AccessLogContext;
  readonly #write: (ended: EndedExchange, line: AsciiWriter) => void;
  readonly #events: LogFileEvents;
  /** The file in use is the last; those before it are being closed. */
  readonly #files = new Set<LogFile>();
  #file: LogFile;
  #recorded = 0;
  #dropped = 0;
  #isTroubled = false;

  /** Errors: `GATEWAY_LOG_UNWRITABLE`. */
  constructor({ file, format }: AccessLogOptions, context: AccessLogContext) {
    this.#path = file;
    this.#context = context;
    const writer = format === "combined" ? combinedWriter : jsonWriter;
    this.#write = writer(printable(context.gateway, maxFieldLength));
    this.#events = {
      onWritten: (lines) => this.#onWritten(lines),
      onDropped: (lines) => this.#onDropped(lines),
      onFailed: (error) => this.#trouble(`Access log ${escapeText(file)} cannot be written: ${escapeText(error.message)}`),
    };
    this.#file = this.#open();
  }

  counts(): AccessLogCounts {
    let waiting = 0;
    for (const file of this.#files) waiting += file.waiting;
    return { recorded: this.#recorded, dropped: this.#dropped, waiting };
  }

  take(ended: EndedExchange): void {
    this.#file.add(ended, this.#write);
  }

  /** Opens the file anew, for who has moved the old one away. Lines taken until now go to the old one. One that cannot be opened changes nothing. */
  reopen(): void {
    const old = this.#file;
    try {
      this.#file = this.#open();
    } catch (error) {
      return this.#trouble(error instanceof Error ? error.message : String(error));
    }
    void this.#close(old);
    this.#context.onNotice({ level: "info", code: "ACCESS_LOG_REOPENED", message: `Access log ${escapeText(this.#path)} was opened anew` });
  }

  /** Writes what waits. What cannot be written in time is dropped. */
  async close(): Promise<void> {
    await Promise.all([...this.#files].map((file) => this.#close(file)));
  }

  #open(): LogFile {
    try {
      const file = new LogFile(this.#path, { maxBufferedBytes: this.#context.limits.maxAccessLogBytes, events: this.#events });
      this.#files.add(file);
      return file;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new GatewayError("GATEWAY_LOG_UNWRITABLE", `Access log ${escapeText(this.#path)} cannot be opened: ${escapeText(reason)}`);
    }
  }

  async #close(file: LogFile): Promise<void> {
    const { limits, onNotice } = this.#context;
    const lost = await file.close(limits.accessLogTimeoutMs);
    // A file that is closed twice tells of its lines once.
    if (!this.#files.delete(file) || lost === 0) return;
    this.#dropped += lost;
    const message = `Access log ${escapeText(this.#path)} was closed without its last lines, which it did not take within accessLogTimeoutMs (${limits.accessLogTimeoutMs} ms): ${lost}`;
    onNotice({ level: "warning", code: "ACCESS_LOG_FAILED", message });
  }

  #onWritten(lines: number): void {
    this.#recorded += lines;
    if (this.counts().waiting === 0) this.#isTroubled = false;
  }

  #onDropped(lines: number): void {
    this.#dropped += lines;
    this.#trouble(`Access log ${escapeText(this.#path)} is written too slowly: lines are dropped`);
  }

  /** Said once until the log has caught up, not for each line. */
  #trouble(message: string): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    this.#context.onNotice({ level: "warning", code: "ACCESS_LOG_FAILED", message });
  }
}
