import { writeFileSync } from "node:fs";
import { escapeText } from "wherefrom";
import { CliError } from "./errors.ts";

/** Writes a new file that only its owner can read. A file that is there is left alone. Throws `CliError` OUTPUT_FILE_UNWRITABLE. */
export function writePrivateFile(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("OUTPUT_FILE_UNWRITABLE", `Cannot write the file: ${escapeText(why)}`);
  }
}
