import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type CompiledSnapshot, compileSnapshot } from "../src/snapshot/compile.ts";
import { makeCertificate } from "./rig/certificate.ts";

const action = { name: "no-tor", state: "ENABLED", conditionConfig: { ipAddressRanges: ["198.51.100.0/24"] }, deny: {} };
const bots = { reason: "Flooder", networks: ["203.0.113.7/32"] };
const ranges = { "my-cdn": { source: "a list", retrievedAt: "2026-01-01", prefixes: ["104.16.0.0/13"] } };
const common = {
  organization: "local",
  environment: "demo",
  clientIpResolutionConfig: { peerAddressAlgorithm: {} },
  routes: [{ name: "all", target: "http://127.0.0.1:1" }],
  securityActions: [action],
};

/** What a snapshot has of the one before it: the same thing, not one that is alike. */
function takenOver(before: CompiledSnapshot, after: CompiledSnapshot): string {
  return (["resolver", "peers", "keepsEvidence", "routes", "securityActions"] as const)
    .filter((part) => before[part] === after[part])
    .join(" ");
}

function compiled(json: object, options?: Parameters<typeof compileSnapshot>[1]): CompiledSnapshot {
  const compilation = compileSnapshot(json, options);
  if (compilation.kind === "refused") throw new Error(compilation.issues.map(({ message }) => message).join("; "));
  return compilation.snapshot;
}

const POLICY = "resolver peers keepsEvidence";
const changes = [
  { what: "nothing", change: {}, keeps: `${POLICY} routes securityActions`, isSamePolicy: true },
  { what: "the policy", change: { clientIpResolutionConfig: {} }, keeps: "routes securityActions", isSamePolicy: false },
  { what: "ranges that it may name", change: { ranges }, keeps: "routes securityActions", isSamePolicy: false },
  {
    what: "a route",
    change: { routes: [{ name: "all", target: "http://127.0.0.1:2" }] },
    keeps: `${POLICY} securityActions`,
    isSamePolicy: false,
  },
  {
    what: "a security action",
    change: { securityActions: [{ ...action, flag: undefined, isObserved: true }] },
    keeps: `${POLICY} routes`,
    isSamePolicy: true,
  },
  { what: "who is a bot", change: { bots: [bots] }, keeps: `${POLICY} routes`, isSamePolicy: true },
];

test.each(changes)("a snapshot in which $what has changed takes over all else", ({ change, keeps, isSamePolicy }) => {
  const before = compiled({ ...common, revision: 1 });
  const after = compiled({ ...common, ...change, revision: 2 }, { before });
  expect(after.revision).toBe(2);
  expect(takenOver(before, after)).toBe(keeps);
  expect(before.policyDigest === after.policyDigest).toBe(isSamePolicy);
});

test("files that routes name are read again with each snapshot", () => {
  const { cert } = makeCertificate();
  const targets = [{ url: "https://127.0.0.1:1", tls: { caFile: "/ca.pem" } }];
  const json = { ...common, routes: [{ name: "all", targets }] };
  const before = compiled({ ...json, revision: 1 }, { readFile: () => cert });
  const after = compiled({ ...json, revision: 2 }, { before, readFile: () => `${cert}\n` });
  expect(takenOver(before, after)).toBe(`${POLICY} securityActions`);
  expect(compileSnapshot({ ...json, revision: 3 }, { before: after, readFile: () => "" })).toMatchObject({
    kind: "refused",
    issues: [{ pointer: "/routes/0/targets/0/tls/caFile" }],
  });
});

const faults = [
  { fault: { clientIpResolutionConfig: { peerAddress: {} } }, at: ["/clientIpResolutionConfig/peerAddress"] },
  { fault: { clientIpResolutionConfig: null }, at: ["/clientIpResolutionConfig"] },
  { fault: { routes: [...common.routes, ...common.routes] }, at: ["/routes/1/name", "/routes/1/basePath"] },
  { fault: { routes: undefined }, at: ["/routes"] },
  { fault: { securityActions: null }, at: ["/securityActions"] },
  { fault: { bots: null, ranges: null, revision: "2" }, at: ["/revision", "/ranges", "/bots"] },
];

test.each(faults)("what is faulty is refused beside parts that stay the same: $fault", ({ fault, at }) => {
  const before = compiled({ ...common, revision: 1 });
  const compilation = compileSnapshot({ ...common, revision: 2, ...fault }, { before });
  expect(compilation.kind === "refused" && compilation.issues.map(({ pointer }) => pointer)).toEqual(at);
});

test("the snapshot file in the guide is one", () => {
  const guide = readFileSync(new URL("../../../docs/guides/operate.md", import.meta.url), "utf8");
  const [, json = ""] = /```json\n(\{\n {2}"organization"[^`]*)```/.exec(guide) ?? [];
  expect(compiled(JSON.parse(json) as object)).toMatchObject({ revision: 1, environment: "demo" });
});
