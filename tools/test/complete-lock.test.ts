import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { completeLock, type Lock, missingEntries } from "../complete-lock.mjs";

const builder = { version: "2.0.0", dev: true, optionalDependencies: { "@b/cli-linux-x64-musl": "2.0.0", "@b/cli-darwin-arm64": "2.0.0" } };

const locks: { says: string; packages: Lock["packages"]; missing: Lock["packages"] }[] = [
  {
    says: "packages for other machines that the registry did not serve",
    packages: { "node_modules/b": builder },
    missing: {
      "node_modules/@b/cli-linux-x64-musl": { version: "2.0.0", dev: true, optional: true, os: ["linux"], cpu: ["x64"], libc: ["musl"] },
      "node_modules/@b/cli-darwin-arm64": { version: "2.0.0", dev: true, optional: true, os: ["darwin"], cpu: ["arm64"] },
    },
  },
  {
    says: "nothing when all of them are there, in the tree or in the package's own folder",
    packages: {
      "node_modules/b": builder,
      "node_modules/@b/cli-linux-x64-musl": { version: "2.0.0" },
      "node_modules/b/node_modules/@b/cli-darwin-arm64": { version: "2.0.0" },
    },
    missing: {},
  },
  {
    says: "nothing of a range, which only the registry can turn into a version",
    packages: { "node_modules/b": { version: "2.0.0", optionalDependencies: { fsevents: "~2.3.3" } } },
    missing: {},
  },
];

test.each(locks)("the lock file lacks $says", ({ packages, missing }) => {
  expect(missingEntries({ packages })).toEqual(missing);
  expect(missingEntries(completeLock({ packages }))).toEqual({});
});

test("this repository's lock file installs on every platform; if not: npm run lock", () => {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as Lock;
  expect(Object.keys(lock.packages).length).toBeGreaterThan(0);
  expect(Object.keys(missingEntries(lock))).toEqual([]);
});
