import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");

test("each code has a heading on the page of findings, and each heading a code", () => {
  const declared = [...read("../src/finding-code.ts").matchAll(/"(FINDING_[A-Z_]+)"/g)].map(([, code]) => code);
  const documented = [...read("../../../docs/findings.md").matchAll(/^## (FINDING_[A-Z_]+)$/gm)].map(([, code]) => code);
  expect(declared.length).toBeGreaterThan(10);
  expect(documented.toSorted()).toEqual(declared.toSorted());
});
