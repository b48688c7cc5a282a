import { expect, test } from "vitest";
import { apiReport } from "../api-report.ts";

const files: Readonly<Record<string, string>> = {
  "dist/index.d.ts":
    '/** Said of a. */\nexport type { A } from "./a.ts";\nexport { b } from "./b/b.js";\n//# sourceMappingURL=index.d.ts.map',
  "dist/a.d.ts": 'export type A = {\n    /** A part. */\n    readonly b: import("./b/b.ts").B;\n};\n',
  "dist/b/b.d.ts": 'export declare const b: B;\nimport "./unseen.ts";\nexport type B = "x";\n',
};

test("a report has every file that an entry names, in order, without comments", () => {
  const report = apiReport({ ".": { types: "./dist/index.d.ts" } }, (path) => files[path] ?? `no ${path}`);
  expect(report.match(/^## .*$/gm)).toEqual(["## dist/a.d.ts", "## dist/b/b.d.ts", "## dist/index.d.ts"]);
  expect(report).toContain("- `.`: dist/index.d.ts");
  expect(report).toContain('export type A = {\n    readonly b: import("./b/b.ts").B;\n};');
  expect(report).not.toMatch(/Said of|A part|sourceMapping/);
});
