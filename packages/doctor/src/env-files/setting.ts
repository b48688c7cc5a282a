import { lastOf } from "./dialect/reading.ts";
import { readDialect } from "./dialect/table.ts";

/** A setting as it stands in an env file. */
export type Setting = { readonly value: string; readonly line: number };

/** Reads one key of an env file's text, as python-dotenv reads it. `undefined` when it is not there, or depends on what is not in the file. */
export function settingIn(text: string, key: string): Setting | undefined {
  const { entries } = readDialect("python-dotenv", { source: { text, isUtf8: true }, environment: undefined });
  const entry = lastOf(entries, key);
  return entry?.value.kind === "text" ? { value: entry.value.text, line: entry.line } : undefined;
}
