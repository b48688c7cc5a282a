/**
 * Formats times by their second: `format` gets it as `2026-11-25T09:50:08.000Z`. Keeps the text that it was asked for last, as nearly every line of a log
 * asks for the same.
 */
export function createClock(format: (iso: string) => string): (timeMs: number) => string {
  let second = Number.NaN;
  let text = "";
  return (timeMs) => {
    const wanted = Math.floor(timeMs / 1_000);
    if (wanted === second) return text;
    second = wanted;
    text = format(new Date(wanted * 1_000).toISOString());
    return text;
  };
}
