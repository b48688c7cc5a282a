import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { makeFolder } from "@wherefrom/model";
import { CliError, codeOf } from "../errors.ts";
import { printable } from "../output.ts";

/** Where commands go when nothing else is said: an API, and what in it. */
export type Profile = {
  readonly apiUrl?: string;
  readonly organization?: string;
  readonly environment?: string;
  /** Sent as a bearer token. */
  readonly token?: string;
};

/** The file of profiles, read. */
export type ProfileFile = { readonly current: string | undefined; readonly profiles: ReadonlyMap<string, Profile> };

const FIELDS = ["apiUrl", "organization", "environment", "token"] as const;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** `~/.config/wherefrom/config.json`, or where the XDG base directory specification has it. */
export function defaultProfilePath(environment: NodeJS.ProcessEnv): string {
  return join(environment["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "wherefrom", "config.json");
}

/**
 * Reads the profiles. A file that is not there has none.
 *
 * Errors: `CliError` PROFILE_FILE_INVALID with every fault. A token that others on the machine can read is told on standard error.
 */
export function readProfiles(path: string): ProfileFile {
  const json = readJson(path);
  if (json === undefined) return { current: undefined, profiles: new Map() };
  const faults: string[] = [];
  const { current, profiles = {}, ...more } = isObject(json) ? json : { profiles: undefined };
  if (!isObject(json)) faults.push("expected an object");
  faults.push(...Object.keys(more).map((name) => `/${name}: expected no such field`));
  if (current !== undefined && typeof current !== "string") faults.push("/current: expected the name of a profile");
  if (!isObject(profiles)) faults.push("/profiles: expected an object");
  const read = Object.entries(isObject(profiles) ? profiles : {}).map(
    ([name, profile]) => [name, readProfile(name, { profile, faults })] as const,
  );
  if (faults.length > 0) throw invalid(path, faults);
  if (read.some(([, { token }]) => token !== undefined) && (statSync(path).mode & OTHERS) !== 0) {
    process.stderr.write(`warning: ${printable(path)} holds a token and can be read by others: chmod 600 ${printable(path)}\n`);
  }
  return { current: current as string | undefined, profiles: new Map(read) };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw invalid(path, [error instanceof Error ? error.message : String(error)]);
  }
}

function readProfile(name: string, { profile, faults }: { readonly profile: unknown; readonly faults: string[] }): Profile {
  if (!isObject(profile)) {
    faults.push(`/profiles/${name}: expected an object`);
    return {};
  }
  for (const [field, value] of Object.entries(profile)) {
    if (!FIELDS.some((known) => known === field)) faults.push(`/profiles/${name}/${field}: expected no field but ${FIELDS.join(", ")}`);
    else if (typeof value !== "string") faults.push(`/profiles/${name}/${field}: expected a text`);
  }
  return profile as Profile;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(path: string, faults: readonly string[]): CliError {
  return new CliError("PROFILE_FILE_INVALID", printable(`The file of profiles ${path} is not valid: ${faults.join("; ")}`));
}

/** Writes the profiles, for the owner alone to read, and the whole file or nothing. Throws `CliError` PROFILE_FILE_UNWRITABLE. */
export function writeProfiles(path: string, { current, profiles }: ProfileFile): void {
  const next = `${path}.${process.pid}`;
  const json = { ...(current !== undefined && { current }), profiles: Object.fromEntries(profiles) };
  try {
    makeFolder(dirname(path));
    writeFileSync(next, `${JSON.stringify(json, undefined, 2)}\n`, { mode: OWNER_ONLY });
    chmodSync(next, OWNER_ONLY);
    renameSync(next, path);
  } catch (error) {
    const why = codeOf(error) ?? String(error);
    throw new CliError("PROFILE_FILE_UNWRITABLE", printable(`Cannot write the file of profiles ${path}: ${why}`), { cause: error });
  }
}
