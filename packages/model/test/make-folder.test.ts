import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolder } from "../src/make-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "wherefrom-folder-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("all that is missing is made for the owner alone, and what is there stays as it is", () => {
  const { mode } = statSync(folder);
  for (const _ of ["missing", "there"]) makeFolder(join(folder, "a", "b"), 0o700);
  expect(["", "a", "a/b"].map((path) => statSync(join(folder, path)).mode)).toEqual([mode, 0o040700, 0o040700]);
});

writeFileSync(join(folder, "file"), "");
symlinkSync(join(folder, "nowhere"), join(folder, "link"));

test.each([
  { path: "/proc/wherefrom/spool", says: "ENOENT: this file system takes no folders, mkdir '/proc/wherefrom'" }, // Node's own `recursive` tries for ever
  { path: "/proc/wherefrom", says: "ENOENT: this file system takes no folders" },
  { path: join(folder, "file", "a"), says: "ENOTDIR" },
  { path: join(folder, "link"), says: "EEXIST" }, // a link to what is not there
])("$path fails at once", ({ path, says }) => {
  expect(() => makeFolder(path)).toThrow(says);
  expect(existsSync(path)).toBe(false);
});
