import { readCompose } from "./compose.ts";
import { readNode } from "./node.ts";
import { readPythonDotenv } from "./python-dotenv.ts";
import type { Dialect, EnvReading, ProcessEnvironment } from "./reading.ts";
import { readDotenv, readDotenvx, readNext, readVite } from "./script-dialects.ts";
import { readShell } from "./shell.ts";
import { readSystemd } from "./systemd.ts";

/** The dialects, in the order in which reports show them. */
export const DIALECT_NAMES = [
  "python-dotenv",
  "pydantic-settings",
  "node",
  "dotenv",
  "dotenvx",
  "vite",
  "next",
  "compose",
  "systemd",
  "shell",
] as const;

export type DialectName = (typeof DIALECT_NAMES)[number];

const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  "python-dotenv": (text, environment) => readPythonDotenv(text, { environment, first: "environment" }),
  "pydantic-settings": (text, environment) => readPythonDotenv(text, { environment, first: "assigned" }),
  node: readNode,
  dotenv: readDotenv,
  dotenvx: readDotenvx,
  vite: readVite,
  next: readNext,
  compose: readCompose,
  systemd: readSystemd,
  shell: readShell,
};

/** These refuse a file that is not UTF-8. The others put a replacement character in, or take the bytes. */
const STRICT: ReadonlySet<DialectName> = new Set<DialectName>(["python-dotenv", "pydantic-settings"]);

export type EnvSource = { readonly text: string; readonly isUtf8: boolean };

/** Reads a file's text in one dialect. */
export function readDialect(
  name: DialectName,
  { source, environment }: { readonly source: EnvSource; readonly environment: ProcessEnvironment },
): EnvReading {
  const { text, isUtf8 } = source;
  // a NUL ends what C reads, and no variable can hold one: what each loader makes of the rest is nothing to build on
  if (text.includes("\0") || (!isUtf8 && STRICT.has(name))) return { entries: [], faults: [{ line: 1, kind: "not-text", stops: true }] };
  const reading = DIALECTS[name](text, environment);
  if (isUtf8) return reading;
  return {
    ...reading,
    entries: reading.entries.map((entry) =>
      entry.value.kind === "text" && entry.value.text.includes("\ufffd")
        ? { ...entry, value: { kind: "unknown", why: "encoding" } }
        : entry,
    ),
  };
}
