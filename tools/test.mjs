// Runs before anything is installed: only syntax and modules that Node 12 has, so that an old Node gets the line that says so.
import { spawn } from "node:child_process";
// by namespace: Node 12 has no rmSync, and a missing name would stop it before it can say so
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closingLine, exitCodeOf } from "./closing-line.mjs";
import { report, reportFault } from "./fault.mjs";
import { root, setup, setupTests } from "./setup.mjs";

/** How long the runner has to end after Ctrl-C before it is killed. */
const graceMs = 3000;

/** `npm test`: sets up, runs every test or those that the arguments name, and closes with how many passed and failed. */
async function test() {
  setup();
  setupTests();
  const folder = fs.mkdtempSync(join(tmpdir(), "wherefrom-test-"));
  try {
    const countsPath = join(folder, "counts.json");
    const ended = await runTests(process.argv.slice(2), countsPath);
    finish(ended, readCounts(countsPath));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs vitest in a process group of its own, so that its workers and the servers they started can be ended with it.
 *
 * @param {readonly string[]} arguments_
 * @param {string} countsPath where the reporter leaves the counts
 * @returns {Promise<{ code: number, interrupted: boolean }>}
 */
function runTests(arguments_, countsPath) {
  const reporters = ["--reporter=./tools/closing-line-reporter.ts"];
  if (!arguments_.some((argument) => argument.startsWith("--reporter"))) reporters.unshift("--reporter=default");
  const runner = spawn(process.execPath, [join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...reporters, ...arguments_], {
    cwd: root,
    detached: true,
    env: Object.assign({}, process.env, { CLOSING_LINE_FILE: countsPath }),
    stdio: ["ignore", "inherit", "inherit"],
  });
  const group = runner.pid === undefined ? undefined : -runner.pid;
  let interrupted = false;
  const onSignal = () => {
    if (interrupted) endGroup(group, "SIGKILL");
    interrupted = true;
    endGroup(group, "SIGTERM");
    setTimeout(() => endGroup(group, "SIGKILL"), graceMs).unref();
  };
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  for (const signal of signals) process.on(signal, onSignal);
  return new Promise((resolve, reject) => {
    runner.on("error", reject);
    runner.on("exit", (code) => {
      // a server that a test left behind would hold its port, and this terminal
      endGroup(group, "SIGKILL");
      resolve({ code: code === null ? 1 : code, interrupted });
    });
  });
}

/**
 * Ends what is left of a process group, if anything is.
 *
 * @param {number | undefined} group
 * @param {"SIGTERM" | "SIGKILL"} signal
 */
function endGroup(group, signal) {
  if (group === undefined) return;
  try {
    process.kill(group, signal);
  } catch {
    // nothing of it is left
  }
}

/**
 * @param {string} path
 * @returns {import("./closing-line.mjs").TestCounts | undefined} undefined when the runner died before it could count
 */
function readCounts(path) {
  try {
    return JSON.parse(fs.readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * @param {{ code: number, interrupted: boolean }} ended
 * @param {import("./closing-line.mjs").TestCounts | undefined} counts
 */
function finish(ended, counts) {
  if (ended.interrupted) {
    report("Interrupted");
    process.exitCode = 130;
    return;
  }
  if (counts === undefined) report(`The test runner ended without a result, with exit code ${ended.code}`);
  const known = counts === undefined ? { passed: 0, failed: 1, skipped: 0 } : counts;
  if (known.passed + known.failed === 0) report("No test ran: see which files the arguments name");
  process.stdout.write(`${closingLine(known)}\n`);
  process.exitCode = exitCodeOf(known, ended.code);
}

test().catch(reportFault);
