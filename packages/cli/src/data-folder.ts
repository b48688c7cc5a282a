import { accessSync, constants, statSync } from "node:fs";
import { resolve as absolutePath } from "node:path";
import { makeFolder } from "@wherefrom/model";
import { CliError, codeOf } from "./errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is a file and no folder",
  EEXIST: "it is a file and no folder",
  ENOENT: "this file system takes no folders",
  ENOSPC: "the disk is full",
};

const DATABASE_REASONS: Readonly<Record<string, string>> = {
  CONTROL_DATABASE_IN_USE: "another Wherefrom is using it. Stop that one",
  CONTROL_DATABASE_NOT_OURS: "its control.db is no database of Wherefrom. Move that file away",
  CONTROL_DATABASE_NEWER: "a newer version of Wherefrom wrote it. Start that version",
  CONTROL_DATABASE_UNWRITABLE: "its control.db cannot be written. Make it writable",
};

/**
 * Makes sure that a folder is there and can be written to. `wayOut` says how to name another.
 *
 * Errors: `CliError` DATA_FOLDER_UNUSABLE.
 */
export function prepareDataFolder(path: string, wayOut: string): void {
  try {
    makeFolder(absolutePath(path));
    if (!statSync(path).isDirectory()) throw Object.assign(new Error("a file"), { code: "EEXIST" });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = codeOf(error) ?? "unknown";
    throw new CliError(
      "DATA_FOLDER_UNUSABLE",
      `Cannot write to the data folder ${path}: ${REASONS[code] ?? code}. Make it writable, or ${wayOut}`,
      { cause: error },
    );
  }
}

/**
 * Runs `open`, and turns a fault of the database in a data folder into the line that names the flag of the folder. Other faults pass.
 */
export async function withDataFlag<Part>(path: string, open: () => Promise<Part>): Promise<Part> {
  try {
    return await open();
  } catch (error) {
    const why = DATABASE_REASONS[codeOf(error) ?? ""];
    if (why === undefined) throw error;
    throw new CliError(
      "DATA_FOLDER_UNUSABLE",
      `Cannot use the data folder ${path}: ${why}, or choose another with --data PATH (WHEREFROM_DATA)`,
      {
        cause: error,
      },
    );
  }
}
