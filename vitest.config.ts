import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    include: ["packages/*/test/**/*.test.ts", "tools/test/**/*.test.ts", "test/**/*.test.ts"],
    // a process a file: tests open sockets, start servers and send signals
    pool: "forks",
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
