import type { NoticeCode } from "./errors.ts";
import type { Notice } from "./notice.ts";

/** How long a warning of one kind is counted and not written again. */
const QUIET_MS = 10_000;

/** What whoever can connect can cause, as often as they like. */
const CAUSED_FROM_OUTSIDE: ReadonlySet<NoticeCode> = new Set<NoticeCode>([
  "CONNECTION_DROPPED",
  "HTTP2_EXCESS",
  "PROXY_PEER_REFUSED",
  "PROXY_HEADER_REFUSED",
  "EXCHANGE_FAILED",
  "RECORD_FAILED",
]);

/**
 * Passes notices on. Of those that whoever can connect can cause, the first of a kind at once; those within the next ten seconds are counted, and then
 * their number is told. A flood of connections is no flood of lines.
 */
export function tellRepeatedRarely(tell: (notice: Notice) => void): (notice: Notice) => void {
  /** How many more there were of a kind since it was last told. */
  const counts = new Map<NoticeCode, number>();
  const wait = (notice: Notice): void => {
    counts.set(notice.code, 0);
    setTimeout(() => {
      const count = counts.get(notice.code) ?? 0;
      counts.delete(notice.code);
      if (count === 0) return;
      tell({ ...notice, message: `${notice.message}; ${count} more like it in ${QUIET_MS / 1_000} s` });
      wait(notice);
    }, QUIET_MS).unref();
  };
  return (notice) => {
    if (!CAUSED_FROM_OUTSIDE.has(notice.code)) return tell(notice);
    const count = counts.get(notice.code);
    if (count !== undefined) return void counts.set(notice.code, count + 1);
    tell(notice);
    wait(notice);
  };
}
