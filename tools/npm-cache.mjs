// Runs before anything is known about the machine: only syntax and modules that Node 12 has.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupFault } from "./fault.mjs";

/** npm packages that only some tests need stand here: they are large, or bring a command that another version of them has too. */
const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), "node_modules", ".cache", "wherefrom-tests");

/**
 * Where a package of the cache stands, whether it is installed or not.
 *
 * @param {string} alias its name here
 * @returns {string}
 */
export function cachedPackage(alias) {
  return join(folder, "node_modules", alias);
}

/**
 * Which of the packages are not there, or in another version.
 *
 * @param {Readonly<Record<string, string>>} packages alias and `npm:NAME@VERSION`
 * @returns {string[]}
 */
export function missingFromCache(packages) {
  const missing = Object.entries(packages).filter(([alias, spec]) => versionOf(alias) !== spec.slice(spec.lastIndexOf("@") + 1));
  return missing.map(([alias]) => alias);
}

/** @param {string} alias */
function versionOf(alias) {
  const path = join(cachedPackage(alias), "package.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).version : undefined;
}

/**
 * Installs packages into the cache; none of them runs anything. Throws a SetupFault with what npm said.
 *
 * @param {Readonly<Record<string, string>>} packages alias and `npm:NAME@VERSION`
 */
export function installIntoCache(packages) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ private: true, dependencies: packages }, undefined, 2)}\n`);
  const arguments_ = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
  const run = spawnSync("npm", arguments_, { cwd: folder, encoding: "utf8" });
  if (run.error !== undefined) throw new SetupFault(`npm could not be started: ${run.error.message}`);
  if (run.status !== 0) throw new SetupFault("npm packages for tests could not be installed", `${run.stdout}${run.stderr}`);
}
