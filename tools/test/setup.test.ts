import { expect, test } from "vitest";
import { capabilities, capability, capabilityNames, findExecutable, whyNot } from "../capabilities.mjs";
import { nodeFault } from "../node-version.mjs";

const versions = [
  { version: "v20.19.0", isFine: true },
  { version: "v20.20.2", isFine: true },
  { version: "v22.0.0", isFine: true },
  { version: "v26.1.0-pre", isFine: true },
  { version: "v20.18.3", isFine: false },
  { version: "v18.20.4", isFine: false },
  { version: "v9.0.0", isFine: false },
];

test.each(versions)("Node $version will do: $isFine", ({ version, isFine }) => {
  const fault = nodeFault(version);
  expect(fault === undefined).toBe(isFine);
  if (fault !== undefined) expect(fault).toMatch(new RegExp(`^Found Node ${version}, Node 20\\.19 or newer is needed: .*nodejs\\.org`));
});

test.each(capabilityNames)("the capability %s is there, or there is a reason", (name) => {
  const reason = whyNot(name);
  expect(capability(name)).toBe(reason === undefined);
  expect(reason).not.toBe("");
  expect(capabilities[name].packages.length + Object.keys(capabilities[name].npm ?? {}).length).toBeGreaterThan(0);
});

test("a program is found by its name, and no other", () => {
  expect(findExecutable("node")).toMatch(/\/node$/);
  expect(findExecutable("no-such-program-anywhere")).toBeUndefined();
});
