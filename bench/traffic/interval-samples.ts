import { medianInterval } from "../median.ts";
import type { Sample } from "./session.ts";

/** A median, and between which two the median of ever more of such values would lie, with a confidence of 95 %: a case each. */
export function intervalSamples(
  name: string,
  { values, unit }: { readonly values: readonly number[]; readonly unit: string },
): readonly Sample[] {
  return Object.entries(medianInterval(values)).map(([what, value]) => ({ case: `${name} ${what}`, value, unit }));
}
