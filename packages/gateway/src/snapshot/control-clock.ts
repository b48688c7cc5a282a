import type { Notice } from "../notice.ts";

/** Differences below are none: a header tells whole seconds, and clocks that are kept together are much closer. In milliseconds. */
const TOLERANCE_MS = 5_000;

/** Times by the clock here, in milliseconds since 1970, between which control has said what its clock shows. */
export type ClockReading = { readonly askedAtMs: number; readonly answeredAtMs: number; readonly date: string | undefined };

/** Compares the clock here with control's, and says so once when they are apart: what ends at a time, as an expiring security action does, ends by the clock here. */
export function controlClock(notify: (notice: Notice) => void): (reading: ClockReading) => void {
  let isApart = false;
  return (reading) => {
    const aheadMs = aheadOf(reading);
    if (aheadMs === undefined) return;
    const wasApart = isApart;
    isApart = Math.abs(aheadMs) > TOLERANCE_MS;
    if (!isApart || wasApart) return;
    const seconds = Math.round(Math.abs(aheadMs) / 1_000);
    const [side, when] = aheadMs > 0 ? ["ahead of", "early"] : ["behind", "late"];
    notify({
      level: "warning",
      code: "CONTROL_CLOCK_APART",
      message: `The clock of this machine is ${seconds} s ${side} control's: security actions that expire do so that much too ${when} here. Keep both clocks right`,
    });
  };
}

/** By how much the clock here is ahead at the least, however long the answer was on its way; below 0 when it is behind. */
function aheadOf({ askedAtMs, answeredAtMs, date }: ClockReading): number | undefined {
  const from = Date.parse(date ?? "");
  if (Number.isNaN(from)) return undefined;
  const until = from + 1_000;
  if (askedAtMs > until) return askedAtMs - until;
  return answeredAtMs < from ? answeredAtMs - from : 0;
}
