import type { FitCourse } from "../fit-course.ts";
import type { EnvironmentKey } from "./environment-key.ts";

/** An environment as somebody looked at it: another that gets its name has another `uid`. */
export type LookedAt = EnvironmentKey & { readonly uid: string };

/** What looks at an environment came to. */
export type KeptCourse = LookedAt & { readonly course: FitCourse };

/**
 * What looks at whether policies fit their traffic came to, in the same database as the configuration, so that all controls tell the same, and go on where
 * one of them ended. Not versioned and not audited. It goes with its environment.
 */
export type FitCourseStore = {
  read(environment: LookedAt): Promise<FitCourse>;
  /** Those that say anything, of all environments. */
  list(): Promise<readonly KeptCourse[]>;
  /**
   * Changes it in one step: what was decided on still stands when the answer is kept. So of several controls one sees a misfit begin. `decide` is pure, and
   * may be called again. Nothing is kept of an environment that is not there any more.
   */
  change(
    environment: LookedAt,
    decide: (course: FitCourse) => FitCourse,
  ): Promise<{ readonly before: FitCourse; readonly after: FitCourse }>;
};
