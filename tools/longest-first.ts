import { existsSync } from "node:fs";
import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files of tests that take longest on two processors, the longest first. */
const LONGEST = [
  "tools/test/bench.test.ts",
  "test/start.test.ts",
  "packages/control/test/postgres-store.test.ts",
  "packages/cli/test/up.test.ts",
  "packages/cli/test/under-load.test.ts",
  "test/doctor-lab.test.ts",
  "test/doctor-lab-command.test.ts",
  "test/doctor-slow-lab.test.ts",
  "test/runtimes.test.ts",
  "packages/control/test/store-crashes.test.ts",
  "test/proxy-signatures.test.ts",
  "packages/cli/test/workers.test.ts",
  "test/two-controls.test.ts",
  "test/lab.test.ts",
  "test/fit.test.ts",
  "test/flood.test.ts",
  "test/pack.test.ts",
  "packages/cli/test/operate.test.ts",
  "packages/cli/test/query-after-crash.test.ts",
  "packages/control/test/event-store-crashes.test.ts",
  "packages/doctor/test/env/loaders.test.ts",
  "packages/gateway/test/event-sending.test.ts",
];

/**
 * Runs the longest files first: one that began last would run alone while the other processors wait. Not vitest's own order, which goes by what the run before took, and a new
 * clone has none.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    for (const path of LONGEST) if (!existsSync(`${root}/${path}`)) throw new Error(`tools/longest-first.ts names no file: ${path}`);
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.indexOf(relative(root, moduleId));
      return place === -1 ? LONGEST.length : place;
    };
    return [...files].sort((a, b) => placeOf(a) - placeOf(b));
  }
}
