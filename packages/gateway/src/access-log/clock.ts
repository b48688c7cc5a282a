/**
 * Formats times by their second: `format` gets it as `2026-11-25T09:50:08.000Z`. Keeps what it was asked for last, as nearly every line of a log
 * asks for the same.
 */
export function createClock<Written>(format: (iso: string) => Written): (timeMs: number) => Written {
  let second = 0;
  let written = format(new Date(0).toISOString());
  return (timeMs) => {
    const wanted = Math.floor(timeMs / 1_000);
    if (wanted === second) return written;
    second = wanted;
    written = format(new Date(wanted * 1_000).toISOString());
    return written;
  };
}
