import { createClock } from "./clock.ts";
import { formatMs } from "./duration.ts";
import type { LogEntry } from "./log-entry.ts";

/** Shown as the status of an exchange whose client left before there was one, as nginx does: readers of this format expect a number. */
const CLIENT_LEFT = 499;

/**
 * Writes entries in the combined format of Apache and nginx, the resolved client first, and behind the user agent what that format has no place for, as
 * `name=value`. `-` is what is not known.
 *
 * Source: Apache, mod_log_config, `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`; time in UTC, bytes without the header.
 */
export function combinedWriter(gateway: string, write: (line: string) => void): (entry: LogEntry) => void {
  const clock = createClock(apacheTime);
  return (entry) => write(combinedLine(entry, { gateway, time: clock(entry.timeMs) }));
}

function combinedLine(entry: LogEntry, { gateway, time }: { gateway: string; time: string }): string {
  const { record, method, path, target = "-", peer = "-", host = "-", referrer = "-", userAgent = "-" } = entry;
  const { resolution, status = CLIENT_LEFT } = record;
  const request = `${method} ${path} HTTP/${record.httpVersion}`;
  return (
    `${resolution?.ip ?? "-"} - - [${time}] "${request}" ${status} ${record.responseBytes} "${referrer}" "${userAgent}" ` +
    `peer="${peer}" trust=${resolution?.trust ?? "-"} outcome=${resolution?.outcome ?? "-"} reason=${resolution?.reason ?? "-"} signed_hop=${record.signedHop ?? "-"} security_action=${record.securityAction?.name ?? "-"} decision=${record.decision ?? "-"} ` +
    `algorithm="${resolution?.algorithm ?? "-"}" host="${host}" fault=${record.fault ?? "-"} route=${record.route ?? "-"} ` +
    `target="${target}" attempts=${record.attempts} revision=${record.revision} request_bytes=${record.requestBytes} duration_ms=${formatMs(record.durationMs)} gateway=${gateway}\n`
  );
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `10/Oct/2000:13:55:36 +0000` */
function apacheTime(iso: string): string {
  return `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
