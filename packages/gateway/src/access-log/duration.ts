/** What stands behind the full milliseconds, by microseconds: nothing, `.5`, `.25`, `.125`. */
const FRACTIONS: readonly string[] = Array.from({ length: 1_000 }, (_, micros) => String(micros / 1_000).slice(1));

/**
 * A duration in milliseconds, as a JSON number to the microsecond: the clock knows no more. Put together from two whole numbers, as to write a fraction
 * costs more than the rest of a line does.
 */
export function formatMs(ms: number): string {
  const micros = Math.round(ms * 1_000);
  const whole = Math.floor(micros / 1_000);
  return `${whole}${FRACTIONS[micros - whole * 1_000] ?? ""}`;
}
