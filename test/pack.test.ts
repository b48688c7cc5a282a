import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { capability } from "../tools/capabilities.mjs";
import { cachedPackage } from "../tools/npm-cache.mjs";

/** What the core may weigh with a user: minified and compressed, without adapters and advice. */
const MAX_CORE_BYTES = 12 * 1024;

/** Compilers and bundlers are programs of their own, on a machine that may be busy. */
const TIMEOUT_MS = 120_000;

const root = fileURLToPath(new URL("..", import.meta.url));
const library = join(root, "packages", "wherefrom");

vi.setConfig({ testTimeout: TIMEOUT_MS });

let user = "";
let installed = "";

/** A user's project: the library as npm packs it, and the types of Node. */
beforeAll(() => {
  user = mkdtempSync(join(tmpdir(), "wherefrom-pack-"));
  installed = join(user, "node_modules", "wherefrom");
  mkdirSync(installed, { recursive: true });
  execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", user], { cwd: library });
  const tarball = readdirSync(user).find((name) => name.endsWith(".tgz")) ?? "";
  execFileSync("tar", ["-xzf", join(user, tarball), "-C", installed, "--strip-components=1"]);
  mkdirSync(join(user, "node_modules", "@types"));
  symlinkSync(join(root, "node_modules", "@types", "node"), join(user, "node_modules", "@types", "node"));
  symlinkSync(join(root, "node_modules", "undici-types"), join(user, "node_modules", "undici-types"));
  writeFileSync(join(user, "package.json"), '{ "private": true, "type": "module" }\n');
});

afterAll(() => rmSync(user, { recursive: true, force: true }));

const program = `
import { createServer } from "node:http";
import { advise, createResolver, evidenceOfFields, type Policy, parsePolicy, type Resolution } from "wherefrom";
import { evidenceOf } from "wherefrom/node";
import { ALL_PROVIDERS } from "wherefrom/providers";
import { withClient } from "wherefrom/ws";

const policy: Policy = parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.1.2.0/24"] } });
export const provided: Policy = parsePolicy({}, { providers: ALL_PROVIDERS });
const resolver = createResolver(policy);
const client: Resolution = resolver.resolve(evidenceOfFields("10.1.2.3", [["X-Forwarded-For", "6.6.6.6, 203.0.113.7"]]));
const ip: string | null = client.ip;
// @ts-expect-error a resolution cannot be written to
client.ip = "6.6.6.6";
// @ts-expect-error a policy is parsed, never written by hand
createResolver({});
createServer((request) => resolver.resolve(evidenceOf(request)).key);
export const told: readonly { readonly code: string }[] = advise(policy);
export { ip, withClient };
`;

test("the package has what users need and nothing else", () => {
  expect(readdirSync(installed).toSorted()).toEqual(["LICENSE", "README.md", "dist", "package.json"]);
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Record<string, unknown>;
  expect(manifest).toMatchObject({ name: "wherefrom", type: "module", sideEffects: false });
  for (const field of Object.keys(manifest)) expect(field).not.toMatch(/dependencies|scripts/i);
});

const runs = `
import { createResolver, evidenceOfFields, parsePolicy } from "wherefrom";
import * as node from "wherefrom/node";
import { ALL_PROVIDERS } from "wherefrom/providers";
import * as ws from "wherefrom/ws";
const trustedProxies = ["10.1.2.0/24", "provider:cloudflare", "provider:cloudfront"];
const policy = parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies } }, { providers: ALL_PROVIDERS });
const chain = "6.6.6.6, 203.0.113.7, 173.245.48.9, 130.176.88.10";
const { ip, trust } = createResolver(policy).resolve(evidenceOfFields("10.1.2.3", [["X-Forwarded-For", chain]]));
console.log(process.version.split(".")[0], typeof node.evidenceOf, typeof ws.withClient, ip, trust);
`;

function answerOf(executable: string): string {
  writeFileSync(join(user, "main.js"), runs);
  const { stdout, stderr } = spawnSync(executable, [join(user, "main.js")], { encoding: "utf8" });
  return `${stdout}${stderr}`.trim();
}

test("the Node that runs here runs it", () => {
  expect(answerOf(process.execPath)).toBe(`${process.version.split(".")[0]} function function 203.0.113.7 verified`);
});

describe("releases", () => {
  test.runIf(capability("releases")).each(["22", "24", "26"])("Node %s runs it", (major) => {
    expect(answerOf(join(cachedPackage(`node-${major}`), "bin", "node"))).toBe(`v${major} function function 203.0.113.7 verified`);
  });

  test("TypeScript 7 compiles a program that uses it", () => {
    expect(compile(join(root, "node_modules", "typescript"))).toEqual([]);
  });

  test.runIf(capability("releases"))("TypeScript 5.9 compiles a program that uses it", () => {
    expect(compile(cachedPackage("typescript-5.9"))).toEqual([]);
  });
});

/** What a compiler says of the program, by both ways of finding modules that know `exports`. */
function compile(typescript: string): readonly string[] {
  writeFileSync(join(user, "main.ts"), program);
  const { version } = JSON.parse(readFileSync(join(typescript, "package.json"), "utf8")) as { version: string };
  const ways = [
    ["--module", "nodenext"],
    ["--module", "esnext", "--moduleResolution", "bundler"],
  ];
  return ways.flatMap((way) => {
    const words = [
      join(typescript, "bin", "tsc"),
      "--noEmit",
      "--strict",
      "--exactOptionalPropertyTypes",
      "--target",
      "es2023",
      "--types",
      "node",
      ...way,
      "main.ts",
    ];
    const { stdout, status } = spawnSync(process.execPath, words, { cwd: user, encoding: "utf8" });
    return status === 0 ? [] : [`${version} ${way.join(" ")}: ${stdout}`];
  });
}

const bundles = [
  {
    says: "the core",
    names: "createResolver, evidenceOfFields, parsePolicy",
    maxBytes: MAX_CORE_BYTES,
    without: ["ADVISORY_", "rawHeaders", "130.176.88.0"],
  },
  { says: "one small function", names: "escapeText", maxBytes: 512, without: ["ADVISORY_", "POLICY_", "173.245.48.0"] },
];

test.each(bundles)("a bundler takes $says and leaves the rest out", async ({ says, names, maxBytes, without }) => {
  const input = join(user, "bundle.js");
  writeFileSync(input, `export { ${names} } from "wherefrom";\n`);
  const bundle = await rolldown({ input, cwd: user, platform: "neutral" });
  const { output } = await bundle.generate({ minify: true });
  await bundle.close();
  expect(output).toHaveLength(1);
  const bytes = gzipSync(output[0].code, { level: 9 }).length;
  process.stdout.write(`${says}: ${bytes} bytes minified and compressed, of ${maxBytes}\n`);
  for (const text of without) expect(output[0].code).not.toContain(text);
  expect(output[0].code).not.toMatch(/from\s*"(?!\.)/);
  expect(bytes).toBeLessThanOrEqual(maxBytes);
});

test("the core asks nothing of Node", () => {
  const core = readdirSync(join(installed, "dist"), { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".js") && !path.startsWith(`adapters${sep}`),
  );
  expect(core.length).toBeGreaterThan(20);
  for (const path of core) expect(readFileSync(join(installed, "dist", path), "utf8")).not.toMatch(/from "node:|\bprocess\.|\bBuffer\b/);
});
