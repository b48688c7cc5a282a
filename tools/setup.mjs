// Runs before anything is installed: only syntax and modules that Node 12 has, so that an old Node gets the line that says so.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { capabilities, capabilityNames, whyNot } from "./capabilities.mjs";
import { installPackages, missingPackages, whyNoInstall } from "./debian.mjs";
import { report, reportFault, SetupFault } from "./fault.mjs";
import { nodeFault } from "./node-version.mjs";
import { installIntoCache, missingFromCache } from "./npm-cache.mjs";

/** The repository's own folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Makes the tree ready to run: checks Node, installs npm packages when the lock file changed, builds. Says on stderr what it does, and nothing when
 * nothing is to do. Throws a SetupFault.
 */
export function setup() {
  requireNode();
  installDependencies();
  build();
}

/** Makes the machine ready for the tests, beyond `setup`: the Debian packages of the real-server tests. Throws a SetupFault. */
export function setupTests() {
  const wanted = capabilityNames.reduce((names, name) => names.concat(capabilities[name].packages), /** @type {string[]} */ ([]));
  const missing = missingPackages(wanted);
  const obstacle = missing.length === 0 ? undefined : whyNoInstall();
  if (missing.length > 0 && obstacle === undefined) installForTests(missing);
  installReleases();
  for (const name of capabilityNames) reportSkipped(name, obstacle);
}

function requireNode() {
  const fault = nodeFault(process.version);
  if (fault !== undefined) throw new SetupFault(fault);
}

/** `npm ci` takes the whole tree anew, so it runs only when the lock file is another one than at the last time, or on another platform. */
function installDependencies() {
  const stampPath = join(root, "node_modules", ".wherefrom-setup");
  const stamp = lockStamp();
  if (existsSync(stampPath) && readFileSync(stampPath, "utf8") === stamp) return;
  report("Installing npm packages");
  const startedAt = Date.now();
  const npm = findNpm();
  // NODE_ENV=production or a silenced npm outside must not change what is installed or hide why it failed
  const run = runQuietly(npm.program, [...npm.arguments, "ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (run.status !== 0) throw new SetupFault("npm ci failed: mend what it says above, then try again", run.output);
  writeFileSync(stampPath, stamp);
  report(`Installed npm packages in ${secondsSince(startedAt)} s`);
}

function lockStamp() {
  const digest = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  return `${digest} ${process.platform}-${process.arch}\n`;
}

/** The npm that runs this script, or else the one on PATH. */
function findNpm() {
  const path = process.env["npm_execpath"];
  if (path !== undefined && basename(path) === "npm-cli.js") return { program: process.execPath, arguments: [path] };
  return { program: process.platform === "win32" ? "npm.cmd" : "npm", arguments: [] };
}

/** Runs the compiler over what changed. It prints only when the build fails. */
function build() {
  const compiler = join(root, "node_modules", ".bin", "tsc");
  const outputsGone = builtProjects().some(
    (folder) => existsSync(join(folder, "tsconfig.tsbuildinfo")) && !existsSync(join(folder, "dist")),
  );
  // the compiler trusts its own notes, and builds nothing when only the outputs are gone
  const run = runQuietly(compiler, outputsGone ? ["-b", "--force"] : ["-b"]);
  if (run.status !== 0) throw new SetupFault("The build failed: mend what the compiler says above, then try again", run.output);
}

function builtProjects() {
  /** @type {{ references: { path: string }[] }} */
  const config = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
  return config.references.map((reference) => join(root, reference.path));
}

/** @param {readonly string[]} missing */
function installForTests(missing) {
  report(`Installing Debian packages for the real-server tests: ${missing.join(" ")}`);
  const startedAt = Date.now();
  try {
    installPackages(missing);
    report(`Installed Debian packages in ${secondsSince(startedAt)} s`);
  } catch (error) {
    // a test that CI skips in silence is a test that nobody runs
    if (isCi() || !(error instanceof SetupFault)) throw error;
    report(error.output.trimEnd());
    report(error.message);
  }
}

/** Other releases and runtimes, for the tests that use the library as its users do. Without them those tests are skipped, and say so. */
function installReleases() {
  const wanted = Object.assign({}, ...capabilityNames.map((name) => capabilities[name].npm));
  if (process.platform !== "linux" || process.arch !== "x64" || missingFromCache(wanted).length === 0) return;
  report("Installing releases of Node and TypeScript, Deno, Bun and workerd for the tests of the library");
  const startedAt = Date.now();
  try {
    installIntoCache(wanted);
    report(`Installed the releases in ${secondsSince(startedAt)} s`);
  } catch (error) {
    if (!(error instanceof SetupFault)) throw error;
    report(error.output.trimEnd());
    report(error.message);
  }
}

/**
 * @param {import("./capabilities.mjs").CapabilityName} name
 * @param {string | undefined} obstacle why packages could not be installed
 */
function reportSkipped(name, obstacle) {
  const reason = whyNot(name);
  if (reason === undefined) return;
  const missing = missingPackages(capabilities[name].packages);
  const why = obstacle === undefined || missing.length === 0 ? reason : `${reason}, and ${obstacle}`;
  const wayOut = missing.length === 0 ? "" : `; as root on Debian: apt-get install ${missing.join(" ")}`;
  report(`Skipped: ${capabilities[name].tests}: ${why}${wayOut}`);
}

function isCi() {
  const value = process.env["CI"];
  return value !== undefined && value !== "" && value !== "false";
}

/**
 * @param {string} program
 * @param {readonly string[]} arguments_
 */
function runQuietly(program, arguments_) {
  const run = spawnSync(program, arguments_, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (run.error !== undefined) throw new SetupFault(`${program} could not be started: ${run.error.message}`);
  return { status: run.status, output: `${run.stdout}${run.stderr}` };
}

/** @param {number} startedAt */
function secondsSince(startedAt) {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}

function isCommand() {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
}

if (isCommand()) {
  try {
    setup();
    if (process.argv.includes("--tests")) setupTests();
  } catch (error) {
    reportFault(error);
  }
}
