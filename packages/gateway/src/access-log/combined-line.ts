import type { AsciiWriter } from "../record/ascii-writer.ts";
import type { EndedExchange } from "../record/record-queue.ts";
import { createClock } from "./clock.ts";
import { formatMs } from "./duration.ts";
import { fieldText, maxFieldLength, maxTargetLength, printable } from "./printable.ts";

/** Shown as the status of an exchange whose client left before there was one, as nginx does: readers of this format expect a number. */
const CLIENT_LEFT = 499;

/**
 * Writes exchanges in the combined format of Apache and nginx, the resolved client first, and behind the user agent what that format has no place for, as
 * `name=value`. `-` is what is not known. Every text that a client could choose is cut and made printable.
 *
 * Source: Apache, mod_log_config, `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`; time in UTC, bytes without the header.
 */
export function combinedWriter(gateway: string): (ended: EndedExchange, line: AsciiWriter) => void {
  const clock = createClock(apacheTime);
  return (ended, line) => line.text(combinedLine(ended, { gateway, time: clock(ended.beganAtMs) }));
}

function combinedLine({ record }: EndedExchange, { gateway, time }: { gateway: string; time: string }): string {
  const { resolution, status = CLIENT_LEFT, fields } = record;
  const path = printable(record.pathAndQuery ?? record.requestTarget, maxTargetLength);
  const request = `${shown(record.method)} ${path} HTTP/${record.httpVersion}`;
  const referrer = shown(fieldText(fields, "referer"));
  const userAgent = shown(fieldText(fields, "user-agent"));
  return (
    `${resolution?.ip ?? "-"} - - [${time}] "${request}" ${status} ${record.responseBytes} "${referrer}" "${userAgent}" ` +
    `peer="${shown(record.peer)}" trust=${resolution?.trust ?? "-"} outcome=${resolution?.outcome ?? "-"} reason=${resolution?.reason ?? "-"} signed_hop=${record.signedHop ?? "-"} security_action=${record.securityAction?.name ?? "-"} decision=${record.decision ?? "-"} ` +
    `algorithm="${shown(resolution?.algorithm)}" host="${shown(record.host)}" fault=${record.fault ?? "-"} route=${record.route ?? "-"} ` +
    `target="${shown(record.target)}" attempts=${record.attempts} revision=${record.revision} request_bytes=${record.requestBytes} duration_ms=${formatMs(record.durationMs)} gateway=${gateway}\n`
  );
}

function shown(text: string | undefined): string {
  return text === undefined ? "-" : printable(text, maxFieldLength);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `10/Oct/2000:13:55:36 +0000` */
function apacheTime(iso: string): string {
  return `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
