import type { SnapshotKeyPlace } from "@wherefrom/control";
import type { Option } from "commander";
import { valueOption } from "./option-values.ts";

const PEM_VARIABLE = "WHEREFROM_SIGNING_KEY_PEM";

/** Where the key is that control signs snapshots with. A file, because everybody can read the arguments of a process. */
export function signingKeyOption(whenAbsent: string): Option {
  const description = `file with the key that snapshots are signed with, or the key itself in ${PEM_VARIABLE}; ${whenAbsent}`;
  return valueOption("--signing-key <file>", description, "WHEREFROM_SIGNING_KEY");
}

/** The file where one is named, or else the variable where it is set; nothing otherwise. */
export function signingKeyPlace(file: string | undefined): { readonly snapshotKey?: SnapshotKeyPlace } {
  if (file !== undefined) return { snapshotKey: { file } };
  return process.env[PEM_VARIABLE] === undefined ? {} : { snapshotKey: { variable: PEM_VARIABLE } };
}
