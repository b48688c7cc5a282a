import { expect, test } from "vitest";
import { type FitCourse, nextCourse, UNOPPOSED } from "../src/fit-course.ts";
import type { Fit, Misfit } from "../src/misfit.ts";

const LOOKS: Readonly<Record<string, Fit["kind"]>> = { m: "misfits", f: "fits", u: "unknown" };

/** What looks in a row come to, the first at 1: since when there is a misfit after each, or `-`. */
function courseOf(looks: string): string {
  const misfit: Misfit = { revision: 1, findings: [], causes: [], undecided: false };
  let course: FitCourse = UNOPPOSED;
  const after = [...looks].map((look, index) => {
    course = nextCourse(course, { fit: LOOKS[look] ?? "unknown", misfit, at: index + 1 });
    return course.open?.since ?? "-";
  });
  return after.join("");
}

const rows = [
  { looks: "mmmm", since: "--11", says: "the third look in a row makes it one, since the first" },
  { looks: "mmfmm", since: "-----", says: "two are an accident" },
  { looks: "mfmfmfmf", since: "--------", says: "to and fro is none" },
  { looks: "fmmm", since: "---2", says: "what fitted before does not count" },
  { looks: "mumum", since: "----1", says: "a look that saw too little is none" },
  { looks: "mmmffmff", since: "--111111", says: "two that see none do not end it" },
  { looks: "mmmfff", since: "--111-", says: "three do" },
  { looks: "mmmfufuuf", since: "--111111-", says: "silence neither ends it nor keeps it" },
  { looks: "mmmfffmmm", since: "--111---7", says: "another is another" },
  { looks: "uuuu", since: "----", says: "silence is no misfit" },
];

test.each(rows)("after $looks: $says", ({ looks, since }) => {
  expect(courseOf(looks)).toBe(since);
});

test("an open misfit tells what was seen last, and since when any was seen", () => {
  const of = (revision: number, cause: string): Misfit => ({ revision, findings: [], causes: [cause], undecided: false });
  const misfits = [of(1, "a"), of(1, "a"), of(1, "a"), of(2, "b")];
  const last = misfits.reduce<FitCourse>((course, misfit, at) => nextCourse(course, { fit: "misfits", misfit, at }), UNOPPOSED);
  expect(last.open).toEqual({ since: 0, ...of(2, "b") });
});
