import { readFileSync } from "node:fs";
import { parseProbeRun } from "@wherefrom/doctor";
import { escapeText } from "wherefrom";
import { CliError } from "./errors.ts";

/** Reads what `doctor probe --json` wrote. Throws `CliError` DOCTOR_PROBE_UNREADABLE. */
export function readProbeFile(path: string): NonNullable<ReturnType<typeof parseProbeRun>> {
  const run = parseProbeRun(readJson(path));
  if (run === undefined)
    throw new CliError("DOCTOR_PROBE_UNREADABLE", `${escapeText(path)} is not what wherefrom doctor probe --json wrote`);
  return run;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("DOCTOR_PROBE_UNREADABLE", `Cannot read the probe: ${escapeText(why, 200)}`);
  }
}
