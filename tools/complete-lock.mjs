import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./setup.mjs";

/**
 * @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[],
 *   dependencies?: Record<string, string>, optionalDependencies?: Record<string, string> }} LockEntry
 * @typedef {{ packages: Record<string, LockEntry> }} Lock
 */

/**
 * The entries that a lock file lacks for other platforms. npm leaves out an optional package that its registry does not serve, and later
 * `npm ci` refuses the lock file because of it. An added entry has no digest: it is only ever installed on its own platform.
 *
 * @param {Lock} lock
 * @returns {Record<string, LockEntry>} by place in the tree, such as `node_modules/@scope/name-darwin-arm64`
 */
export function missingEntries(lock) {
  /** @type {Record<string, LockEntry>} */
  const missing = {};
  for (const [place, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      // builds for one platform are named by an exact version; a range could not be locked without the registry
      if (!/^\d+\.\d+\.\d+/.test(version) || isLocked(lock, place, name)) continue;
      const { os, cpu, libc } = platformOf(name);
      // in npm's order, so that npm finds nothing to write anew
      missing[`node_modules/${name}`] = { version, ...cpu, ...(entry.dev === true ? { dev: true } : {}), ...libc, optional: true, ...os };
    }
  }
  return missing;
}

/**
 * Whether a package finds another one: in its own folder, or in one further up.
 *
 * @param {Lock} lock
 * @param {string} place
 * @param {string} name
 */
function isLocked(lock, place, name) {
  for (let folder = place; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    if (lock.packages[folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`] !== undefined) return true;
    if (folder === "") return false;
  }
}

const systems = ["android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32", "aix", "wasi"];
const processors = ["arm64", "arm", "x64", "ia32", "ppc64", "riscv64", "s390x", "loong64", "mips64el", "wasm32"];

/**
 * Which machines a package is for. Such packages are named after them: `…-linux-x64-musl`.
 *
 * @param {string} name
 * @returns {{ os: Pick<LockEntry, "os">, cpu: Pick<LockEntry, "cpu">, libc: Pick<LockEntry, "libc"> }}
 */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = words.filter((word) => systems.includes(word));
  const cpu = words.filter((word) => processors.includes(word));
  return { os: os.length === 0 ? {} : { os }, cpu: cpu.length === 0 ? {} : { cpu }, libc: libcOf(words) };
}

/** @param {readonly string[]} words */
function libcOf(words) {
  if (words.some((word) => word.startsWith("musl"))) return { libc: ["musl"] };
  return words.some((word) => word.startsWith("gnu")) ? { libc: ["glibc"] } : {};
}

/**
 * The lock file with what it lacks, its entries in npm's order.
 *
 * @param {Lock} lock
 * @returns {Lock}
 */
export function completeLock(lock) {
  const entries = Object.entries({ ...lock.packages, ...missingEntries(lock) });
  const sorted = entries.sort(([a], [b]) => a.localeCompare(b, "en"));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

// Command: node tools/complete-lock.mjs, after npm changed the lock file.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const path = join(root, "package-lock.json");
  /** @type {Lock} */
  const lock = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, `${JSON.stringify(completeLock(lock), undefined, 2)}\n`);
  process.stderr.write(`package-lock.json: ${Object.keys(missingEntries(lock)).length} entries added\n`);
}
