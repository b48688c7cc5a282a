// Runs before anything is known about the machine: only syntax and modules that Node 12 has.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { report, SetupFault } from "./fault.mjs";

/**
 * Why packages cannot be installed here; undefined when they can.
 *
 * @returns {string | undefined}
 */
export function whyNoInstall() {
  if (!isDebian()) return "this is not Debian";
  if (process.getuid === undefined || process.getuid() !== 0) return "this is not root";
  return undefined;
}

/** Whether dpkg keeps the packages of this machine, as on Debian and its kin. */
function isDebian() {
  return existsSync("/etc/debian_version") && spawnSync("dpkg-query", ["--version"]).status === 0;
}

/**
 * The packages of a list that dpkg does not have installed. Off Debian nothing is known to be installed: all of them.
 *
 * @param {readonly string[]} names
 * @returns {string[]}
 */
export function missingPackages(names) {
  if (!isDebian()) return [...names];
  // exits 1 as soon as one name is unknown, and still prints the others
  const answer = spawnSync("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\\n", ...names], { encoding: "utf8" });
  const installed = new Set(
    answer.stdout
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/**
 * Installs packages without questions and without starting a service. Throws a SetupFault with what apt-get said.
 *
 * @param {readonly string[]} names
 */
export function installPackages(names) {
  withoutServiceStarts(() => {
    if (!hasPackageLists()) apt(["update"]);
    const arguments_ = ["install", "--yes", "--no-install-recommends", ...names];
    try {
      apt(arguments_);
    } catch {
      // the lists may be older than the archive
      apt(["update"]);
      apt(arguments_);
    }
  });
}

function hasPackageLists() {
  try {
    return readdirSync("/var/lib/apt/lists").some((name) => name.includes("_Packages"));
  } catch {
    return false;
  }
}

/** @param {readonly string[]} arguments_ */
function apt(arguments_) {
  const patience = ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3", "-o", "Dpkg::Options::=--force-confold"];
  const env = Object.assign({}, process.env, { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" });
  const run = spawnSync("apt-get", ["-q", ...patience, ...arguments_], { encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"] });
  if (run.status === 0) return;
  const output = run.error === undefined ? `${run.stdout}${run.stderr}` : String(run.error);
  throw new SetupFault(`apt-get ${arguments_.join(" ")} failed: mend what it says above, then try again`, output);
}

const policyPath = "/usr/sbin/policy-rc.d";
const savedPolicyPath = "/usr/sbin/policy-rc.d.before-wherefrom";
const ourPolicy = "#!/bin/sh\n# Wherefrom's test setup: no service starts while its packages are installed.\nexit 101\n";

/**
 * Debian starts a service when its package is installed, unless policy-rc.d says 101. What was there before is moved aside and comes back,
 * also after an earlier run that was killed half-way.
 *
 * @param {() => void} work
 */
function withoutServiceStarts(work) {
  // An interrupt ends apt-get, which shares the terminal; this process stays alive to put the policy back.
  let interrupted = false;
  const onSignal = () => {
    interrupted = true;
  };
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  for (const signal of signals) process.on(signal, onSignal);
  try {
    setPolicyAside();
    writeFileSync(policyPath, ourPolicy);
    chmodSync(policyPath, 0o755);
    work();
  } finally {
    putPolicyBack();
    for (const signal of signals) process.removeListener(signal, onSignal);
  }
  if (interrupted) throw new SetupFault("Interrupted while Debian packages were being installed");
}

function setPolicyAside() {
  if (!hasEntry(policyPath) || hasEntry(savedPolicyPath)) return;
  if (isOurPolicy()) return;
  renameSync(policyPath, savedPolicyPath);
}

function putPolicyBack() {
  try {
    if (hasEntry(savedPolicyPath)) renameSync(savedPolicyPath, policyPath);
    else if (hasEntry(policyPath) && isOurPolicy()) unlinkSync(policyPath);
  } catch (error) {
    report(`${policyPath} could not be put back: ${error instanceof Error ? error.message : error}`);
  }
}

function isOurPolicy() {
  try {
    return readFileSync(policyPath, "utf8") === ourPolicy;
  } catch {
    return false;
  }
}

/**
 * Like existsSync, but true for a link to nowhere too.
 *
 * @param {string} path
 */
function hasEntry(path) {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
