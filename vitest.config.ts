import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tools/longest-first.ts";
import { PATIENCE_MS, TEST_TIMEOUT_MS } from "./tools/patience.ts";

export default defineConfig({
  test: {
    environment: "node",
    include: [
      "packages/*/test/**/*.test.ts",
      "tools/test/**/*.test.ts",
      "test/**/*.test.ts",
      // needs a package of half a gigabyte, and so comes when it is asked for
      ...(process.env["CHDB_FOLDER"] === undefined ? [] : ["packages/control/test/current-clickhouse.ts"]),
    ],
    // processes and no threads: tests open sockets, start servers and send signals
    pool: "forks",
    // one file after another in the same process: what they all import is read once for each process, and not for each of 240 files
    isolate: false,
    // one more than there are processors: most tests wait at times, for a server that they started or for a period
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    // what is built runs as users run it, and is not transformed anew for each file of tests
    server: { deps: { external: [/packages\/[^/]+\/dist\//] } },
    testTimeout: TEST_TIMEOUT_MS,
    hookTimeout: TEST_TIMEOUT_MS,
    expect: { poll: { timeout: PATIENCE_MS } },
  },
});
