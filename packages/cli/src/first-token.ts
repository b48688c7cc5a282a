import type { Option } from "commander";
import { valueOption } from "./option-values.ts";
import { writePrivateFile } from "./private-file.ts";

export function bootstrapTokenFileOption(): Option {
  const description = "write the admin token to this new file, for its owner alone to read, and not to the terminal";
  return valueOption("--bootstrap-token-file <file>", description, "WHEREFROM_BOOTSTRAP_TOKEN_FILE");
}

/** Writes an admin token where its owner wants it. Returns the lines that are to be printed in place of that; none when there is no token. */
export function handOver(token: string | undefined, file: string | undefined): readonly string[] {
  if (token === undefined) return [];
  const shown = "Admin token, shown this once, as only its hash is kept (wherefrom control reset-token makes a new one):";
  if (file === undefined) return [shown, `  ${token}`];
  writePrivateFile(file, `${token}\n`);
  return [];
}
