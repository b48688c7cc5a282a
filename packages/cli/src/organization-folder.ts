import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "@wherefrom/model";
import { CliError, codeOf } from "./errors.ts";
import { printable } from "./output.ts";

/** An organization as one document: what the API exports and applies. */
export type OrganizationDocument = {
  readonly organization?: object;
  readonly environments: readonly (object & { readonly name: string })[];
};

/** A document read from a folder, with the file that each environment came from. */
export type OrganizationFiles = OrganizationDocument & { readonly files: readonly string[] };

/** Version of the files; it rises when they come to mean something else. */
const FILES_VERSION = 1;

const ORGANIZATION_FILE = "organization.json";
const ENVIRONMENTS_FOLDER = "environments";
const SUFFIX = ".json";

/**
 * Writes a folder: `organization.json`, and `environments/NAME.json` for each environment. The same organization makes the same bytes.
 * Files of environments that are not there any more are removed. A folder that has other things in it and no `organization.json` is left alone.
 *
 * Returns the files that were removed. Errors: `CliError` FILES_NOT_OURS, FILES_UNWRITABLE.
 */
export function writeOrganizationFolder(folder: string, { organization = {}, environments }: OrganizationDocument): readonly string[] {
  requireOurs(folder);
  try {
    const inside = join(folder, ENVIRONMENTS_FOLDER);
    makeFolder(inside);
    const names = new Set(environments.map(({ name }) => `${name}${SUFFIX}`));
    const stale = jsonFilesIn(inside).filter((file) => !names.has(file));
    for (const file of stale) rmSync(join(inside, file));
    for (const { name, ...fields } of environments) writeWhole(join(inside, `${name}${SUFFIX}`), { name, ...sorted(fields) });
    requireAll(inside, names);
    // last, so that a folder that is half written is not taken for a whole one
    writeWhole(join(folder, ORGANIZATION_FILE), { version: FILES_VERSION, settings: sorted(organization) });
    return stale.map((file) => join(ENVIRONMENTS_FOLDER, file));
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError("FILES_UNWRITABLE", printable(`Cannot write ${folder}: ${codeOf(error) ?? String(error)}`), { cause: error });
  }
}

function requireOurs(folder: string): void {
  if (!existsSync(folder) || existsSync(join(folder, ORGANIZATION_FILE)) || readdirSync(folder).length === 0) return;
  const message = `Expected an empty folder, or one with ${ORGANIZATION_FILE}, given ${folder}: choose another`;
  throw new CliError("FILES_NOT_OURS", printable(message));
}

/** Where names differ only by case, a file system that does not tell them apart has lost one. */
function requireAll(folder: string, names: ReadonlySet<string>): void {
  const written = new Set(jsonFilesIn(folder));
  const lost = [...names].filter((name) => !written.has(name));
  if (lost.length === 0) return;
  throw new CliError(
    "FILES_UNWRITABLE",
    printable(`Cannot write ${lost.join(", ")} beside a file of nearly the same name: this file system ignores case`),
  );
}

function writeWhole(path: string, value: object): void {
  const next = `${path}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(value, undefined, 2)}\n`);
  renameSync(next, path);
}

/** A value with the names of its objects in order, so that equal values make equal files. */
function sorted<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(sorted) as Value;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)])) as Value;
}

/**
 * Reads a folder. Only the form of the files is judged here; what stands in them is the API's to judge.
 *
 * Errors: `CliError` FILES_INVALID with every file that is none.
 */
export function readOrganizationFolder(folder: string): OrganizationFiles {
  const faults: string[] = [];
  const head = readObject(join(folder, ORGANIZATION_FILE), faults);
  const { version, settings, ...more } = head ?? { version: FILES_VERSION };
  const fault = (what: string): void => void faults.push(`${join(folder, ORGANIZATION_FILE)}: ${what}`);
  if (version !== FILES_VERSION) fault(`/version: expected ${FILES_VERSION}, given ${JSON.stringify(version)}`);
  for (const name of Object.keys(more)) fault(`/${name}: expected no field but version, settings`);
  const inside = join(folder, ENVIRONMENTS_FOLDER);
  const files = existsSync(inside) ? jsonFilesIn(inside) : [];
  const environments = files.flatMap((file) => {
    const path = join(inside, file);
    const environment = readObject(path, faults);
    if (environment === undefined) return [];
    const name = file.slice(0, -SUFFIX.length);
    if (environment["name"] === name) return [{ ...environment, name }];
    faults.push(`${path}: /name: expected ${JSON.stringify(name)} as the file is called, given ${JSON.stringify(environment["name"])}`);
    return [];
  });
  if (faults.length > 0)
    throw new CliError("FILES_INVALID", [`${folder} is no folder of an organization`, ...faults].map(printable).join("\n  "));
  return {
    ...(settings !== undefined && { organization: settings as object }),
    environments,
    files: files.map((file) => join(ENVIRONMENTS_FOLDER, file)),
  };
}

function jsonFilesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .sort();
}

function readObject(path: string, faults: string[]): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    faults.push(`${path}: expected a JSON object`);
  } catch (error) {
    faults.push(`${path}: ${codeOf(error) ?? (error instanceof Error ? error.message : String(error))}`);
  }
  return undefined;
}
