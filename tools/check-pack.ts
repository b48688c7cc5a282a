import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { apiReport, type Exports } from "./api-report.ts";
import { closeCheck, type Finding } from "./finding.ts";

// Command: node tools/dist/check-pack.js [--write]. Checks the library as npm would pack it; --write writes its API report anew.

type Manifest = { readonly exports: Exports; readonly [field: string]: unknown };

const folder = "packages/wherefrom";
const reportFile = `${folder}/api.md`;
const manifest = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as Manifest;
const packed = packedFiles();

if (process.argv.includes("--write")) writeFileSync(reportFile, currentReport());

closeCheck("pack", {
  findings: [...judgeFields(), ...packed.flatMap(judgeFile), ...judgeLicense(), ...(await lint()), ...judgeTypes(), ...judgeReport()],
  looked: packed.length,
  unit: "packed files",
});

/** What `npm pack` would take, without making a tarball. */
function packedFiles(): readonly string[] {
  const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const parsed = JSON.parse(output) as readonly { readonly files: readonly { readonly path: string }[] }[];
  return (parsed[0]?.files ?? []).map(({ path }) => path);
}

/** The library has no dependency of any kind, and nothing runs at its installation. */
function judgeFields(): readonly Finding[] {
  const forbidden = ["dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies", "scripts", "bin"];
  const file = `${folder}/package.json`;
  return forbidden
    .filter((field) => manifest[field] !== undefined)
    .map((field) => finding(file, `package.json has ${field}`, "the library has none, by design", "remove it"));
}

function judgeFile(path: string): readonly Finding[] {
  if (["LICENSE", "README.md", "package.json"].includes(path)) return [];
  if (!path.startsWith("dist/"))
    return [finding(`${folder}/${path}`, "the package would have this file", "users need dist only", "see files in package.json")];
  const source = join(folder, path.replace(/^dist\//, "src/").replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, ".ts"));
  if (existsSync(source)) return [];
  return [
    finding(
      `${folder}/${path}`,
      "a build output without a source",
      "its source was renamed or removed",
      `remove ${folder}/dist and build again`,
    ),
  ];
}

function judgeLicense(): readonly Finding[] {
  const file = `${folder}/LICENSE`;
  const isSame = existsSync(file) && readFileSync(file, "utf8") === readFileSync("LICENSE", "utf8");
  return isSame ? [] : [finding(file, "it is not the LICENSE of the repository", "a package is read by itself", `cp LICENSE ${file}`)];
}

/** What publint finds in the manifest and the files it names. */
async function lint(): Promise<readonly Finding[]> {
  const { messages, pkg } = await publint({ pkgDir: folder, strict: true });
  return messages.map((message) =>
    finding(
      `${folder}/package.json`,
      message.code,
      formatMessage(message, pkg, { color: false }) ?? "publint says so",
      "see publint.dev/rules",
    ),
  );
}

/** Whether the types resolve as the code does, for ESM. */
function judgeTypes(): readonly Finding[] {
  const program = join("node_modules", ".bin", "attw");
  const run = spawnSync(program, ["--pack", folder, "--profile", "esm-only", "--no-color", "--no-emoji"], { encoding: "utf8" });
  if (run.status === 0) return [];
  return [finding(`${folder}/package.json`, "types do not resolve", `${run.stdout}${run.stderr}`.trim(), "see arethetypeswrong.github.io")];
}

function judgeReport(): readonly Finding[] {
  const stored = existsSync(reportFile) ? readFileSync(reportFile, "utf8") : "";
  if (stored === currentReport()) return [];
  return [
    finding(
      reportFile,
      "the API is another than the report says",
      "users would meet the change first",
      "npm run pack:check -- --write, and see what changed",
    ),
  ];
}

function currentReport(): string {
  return apiReport(manifest.exports, (path) => readFileSync(join(folder, path), "utf8"));
}

function finding(file: string, what: string, why: string, wayOut: string): Finding {
  return { file, line: 1, what, why, wayOut };
}
