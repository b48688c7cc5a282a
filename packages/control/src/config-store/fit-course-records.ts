import { isDeepStrictEqual } from "node:util";
import type { Kysely } from "kysely";
import { type FitCourse, saysAnything, UNOPPOSED } from "../fit-course.ts";
import type { EnvironmentKey } from "./environment-key.ts";
import type { FitCourseStore, KeptCourse, LookedAt } from "./fit-course-port.ts";
import type { SqlAccess } from "./sql-access.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;
type Courses = Awaited<ReturnType<FitCourseStore["change"]>>;

export function sqlFitCourses({ read, write }: Pick<SqlAccess, "read" | "write">): FitCourseStore {
  return {
    read: (environment) => read((db) => readCourse(db, environment)),
    list: () => read(readCourses),
    async change(environment, decide) {
      // asked first: nothing changes as a rule, and a write keeps all others waiting
      const before = await read((db) => readCourse(db, environment));
      if (isDeepStrictEqual(decide(before), before)) return { before, after: before };
      return write((db) => changeCourse(db, { environment, decide }));
    },
  };
}

async function readCourse(db: Db, { uid, ...key }: LookedAt): Promise<FitCourse> {
  const row = await ofEnvironment(db, key).select("content").where("uid", "=", uid).executeTakeFirst();
  return row === undefined ? UNOPPOSED : (JSON.parse(row.content) as FitCourse);
}

async function readCourses(db: Db): Promise<readonly KeptCourse[]> {
  const rows = await db.selectFrom("fit_courses").selectAll().execute();
  return rows.map(({ content, ...environment }) => ({ ...environment, course: JSON.parse(content) as FitCourse }));
}

function ofEnvironment(db: Db, { organization, environment }: EnvironmentKey) {
  return db.selectFrom("fit_courses").where("organization", "=", organization).where("environment", "=", environment);
}

type Changing = { readonly environment: LookedAt; readonly decide: (course: FitCourse) => FitCourse };

async function changeCourse(db: Db, { environment: lookedAt, decide }: Changing): Promise<Courses> {
  const { organization, environment, uid } = lookedAt;
  const before = await readCourse(db, lookedAt);
  const standing = db.selectFrom("environments").select("uid").where("organization", "=", organization).where("name", "=", environment);
  if ((await standing.executeTakeFirst())?.uid !== uid) return { before, after: before };
  const after = decide(before);
  await removeCourse(db, { organization, environment });
  if (saysAnything(after))
    await db
      .insertInto("fit_courses")
      .values({ organization, environment, uid, content: JSON.stringify(after) })
      .execute();
  return { before, after };
}

export async function removeCourse(db: Db, { organization, environment }: EnvironmentKey): Promise<void> {
  await db.deleteFrom("fit_courses").where("organization", "=", organization).where("environment", "=", environment).execute();
}
