import type { Fit, Misfit, OpenMisfit } from "./misfit.ts";

/** Looks in a row that must see a misfit before it is one, and looks that must see none before it is over. */
const LOOKS_TO_BEGIN = 3;
const LOOKS_TO_END = 3;

/** What looks at one environment came to so far. */
export type FitCourse = {
  readonly open: OpenMisfit | undefined;
  /** Looks in a row that saw the opposite of what holds. */
  readonly opposed: number;
  /** When the first of those was. */
  readonly opposedSince: number;
};

/** Where an environment begins that nobody has looked at. */
export const UNOPPOSED: FitCourse = { open: undefined, opposed: 0, opposedSince: 0 };

/** Whether there is anything to remember of it. */
export function saysAnything({ open, opposed }: FitCourse): boolean {
  return open !== undefined || opposed > 0;
}

/** What one look saw. */
type Seen = {
  readonly fit: Fit["kind"];
  /** Counts only when the policy misfits. */
  readonly misfit: Misfit;
  /** In milliseconds since 1970. */
  readonly at: number;
};

/** What one more look comes to. One that saw too few requests changes nothing. Pure. */
export function nextCourse(course: FitCourse, { fit, misfit, at }: Seen): FitCourse {
  const { open } = course;
  if (fit === "unknown") return course;
  if (fit === "misfits" && open !== undefined) return { ...UNOPPOSED, open: { ...misfit, since: open.since } };
  if (fit === "fits" && open === undefined) return UNOPPOSED;
  const opposed = course.opposed + 1;
  const opposedSince = course.opposed === 0 ? at : course.opposedSince;
  if (open === undefined) {
    return opposed < LOOKS_TO_BEGIN ? { open, opposed, opposedSince } : { ...UNOPPOSED, open: { ...misfit, since: opposedSince } };
  }
  return opposed < LOOKS_TO_END ? { open, opposed, opposedSince } : UNOPPOSED;
}
