import type { DialectName } from "./dialect/table.ts";

/** Which files a loader takes when its user names none, and which of them wins. */
export type Profile = {
  readonly name: DialectName;
  /** The files by default, in the order in which the loader takes them. */
  readonly defaults: (mode: string) => readonly string[];
  /** Which of several files wins for a key. */
  readonly wins: "first" | "last";
  /** Whether what the process has already goes before every file. */
  readonly processWins: boolean;
  /** Whether it goes up from the calling file's folder until it finds the file. Others look in the folder that the process was started in. */
  readonly climbs: boolean;
  /** Whether `Key` and `KEY` are the same key. */
  readonly foldsCase: boolean;
};

const only = (): readonly string[] => [".env"];

function profile(name: DialectName, differs: Partial<Profile> = {}): Profile {
  return { name, defaults: only, wins: "last", processWins: true, climbs: false, foldsCase: false, ...differs };
}

/**
 * The only list of loader profiles.
 *
 * Source: each loader's documentation, and its behaviour observed (python-dotenv, pydantic, Node, dotenv, dotenvx, Vite, Next.js, dash, systemd). compose: Docker, "Environment variables precedence".
 */
export const PROFILES: readonly Profile[] = [
  profile("python-dotenv", { climbs: true }),
  profile("pydantic-settings", { foldsCase: true }),
  profile("node"),
  profile("dotenv", { wins: "first" }),
  profile("dotenvx", { wins: "first" }),
  profile("vite", { defaults: (mode) => [".env", ".env.local", `.env.${mode}`, `.env.${mode}.local`] }),
  profile("next", {
    wins: "first",
    // .env.local is left out in tests, so that everybody's tests see the same
    defaults: (mode) => [`.env.${mode}.local`, ...(mode === "test" ? [] : [".env.local"]), `.env.${mode}`, ".env"],
  }),
  profile("compose"),
  profile("systemd", { processWins: false }),
  profile("shell", { processWins: false }),
];

/** The profile of a loader. */
export function profileOf(name: DialectName): Profile {
  const found = PROFILES.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`No profile ${name}`);
  return found;
}
