import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it that are missing, each with `mode`; one that is there stays as it is.
 *
 * Not by Node's own `recursive`, which never comes back from a file system that takes no folders at all, as `/proc` and `/sys` are.
 *
 * Errors: those of the file system. Whether what is there is a folder is found out by whoever uses it.
 */
export function makeFolder(path: string, mode = 0o777): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), mode);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!existsSync(path)) throw takesNoFolders(error) ? new FolderlessError(path, error) : error;
  }
}

/** The folder above is there, so the system's word for it, «no such file or directory», would lead astray. */
class FolderlessError extends Error {
  override readonly name = "FolderlessError";
  readonly code = "ENOENT";

  constructor(path: string, cause: unknown) {
    super(`ENOENT: this file system takes no folders, mkdir '${path}'`, { cause });
  }
}

function takesNoFolders(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
