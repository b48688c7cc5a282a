import { describe, expect, onTestFinished, test } from "vitest";
import type { ConfigStore } from "../src/config-store/port.ts";
import { type FitCourse, UNOPPOSED } from "../src/fit-course.ts";
import type { StorePlace } from "./config-store-contract.ts";

const by = { at: 1, author: "alice", isAuthorVerified: true, method: "test" };
const OPPOSED: FitCourse = { open: undefined, opposed: 1, opposedSince: 5 };
const MISFIT = { revision: 1, findings: [{ kind: "fallbacks" as const, share: 1 }], causes: ["proxy-no-header"], undecided: false };
const OPEN: FitCourse = { ...UNOPPOSED, open: { ...MISFIT, since: 5 } };

/** The part of the contract that is about what looks came to: the tests behind the words of config-store/fit-course-port.ts. */
export function describeFitCourseStore(name: string, placeOf: () => Promise<StorePlace>): void {
  describe(`fit course store: ${name}`, () => {
    const openWith = async (place: StorePlace): Promise<ConfigStore> => {
      const store = await place.open();
      onTestFinished(() => store.close());
      return store;
    };
    /** Makes an environment, and tells it as somebody looks at it. */
    const make = async (store: ConfigStore, environment: string) => {
      const content = { settings: {}, routes: [] };
      await store.changeOrganization("local", { by, decide: () => ({ kind: "write", content: { settings: {} } }) });
      const { after } = await store.of("local").change(environment, { by, decide: () => ({ kind: "write", content }) });
      return { organization: "local", environment, uid: after?.uid ?? "" };
    };

    test("what a look came to is the beginning of the next, of each environment by itself", async () => {
      const store = await openWith(await placeOf());
      const [demo, other] = [await make(store, "demo"), await make(store, "other")];
      expect(await store.fitCourses.read(demo)).toEqual(UNOPPOSED);
      expect(await store.fitCourses.change(demo, () => OPPOSED)).toEqual({ before: UNOPPOSED, after: OPPOSED });
      expect(await store.fitCourses.change(demo, (course) => (course.opposed === 1 ? OPEN : course))).toEqual({
        before: OPPOSED,
        after: OPEN,
      });
      expect(await store.fitCourses.read(other)).toEqual(UNOPPOSED);
      expect(await store.fitCourses.list()).toEqual([{ ...demo, course: OPEN }]);
      expect(await store.fitCourses.change(demo, () => UNOPPOSED)).toEqual({ before: OPEN, after: UNOPPOSED });
      expect(await store.fitCourses.list()).toEqual([]);
    });

    test("it outlives the process, and not its environment, nor does another of that name get it", async () => {
      const place = await placeOf();
      const store = await place.open();
      const demo = await make(store, "demo");
      await store.fitCourses.change(demo, () => OPEN);
      await store.close();
      const again = await openWith(place);
      expect(await again.fitCourses.read(demo)).toEqual(OPEN);
      await again.of("local").change("demo", { by, decide: () => ({ kind: "delete" }) });
      expect(await again.fitCourses.list()).toEqual([]);
      expect(await again.fitCourses.change(demo, () => OPEN)).toEqual({ before: UNOPPOSED, after: UNOPPOSED });
      const successor = await make(again, "demo");
      await again.fitCourses.change(successor, () => OPEN);
      expect(await again.fitCourses.read(demo)).toEqual(UNOPPOSED);
    });

    test("of many who see the same at a time, one sees it begin", async () => {
      const store = await openWith(await placeOf());
      const demo = await make(store, "demo");
      const changes = await Promise.all(Array.from({ length: 10 }, () => store.fitCourses.change(demo, () => OPEN)));
      expect(changes.filter(({ before, after }) => before.open === undefined && after.open !== undefined)).toHaveLength(1);
    });
  });
}
