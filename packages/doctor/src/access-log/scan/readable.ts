import { escapeText } from "wherefrom";
import { LogError } from "../errors.ts";

/** Runs something that reads a file, and names the file where it fails. Errors: LOGS_UNREADABLE. */
export async function readable<Value>(path: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof LogError || !(error instanceof Error && "code" in error)) throw error;
    throw new LogError("LOGS_UNREADABLE", `Cannot read ${escapeText(path)}: ${escapeText(error.message)}`);
  }
}
