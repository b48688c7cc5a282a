import { fstatSync } from "node:fs";
import { CliError } from "./errors.ts";

/** Reads standard input chunk by chunk. Throws `CliError` RESOLVE_INPUT_UNREADABLE. */
export async function* readInput(): AsyncGenerator<Buffer> {
  // Node reads a folder as if it were empty.
  if (fstatSync(0).isDirectory()) throw new CliError("RESOLVE_INPUT_UNREADABLE", "Cannot read standard input: it is a folder");
  try {
    yield* process.stdin;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("RESOLVE_INPUT_UNREADABLE", `Cannot read standard input: ${why}`);
  }
}

/** Reads all of standard input as text, without its byte order mark. Throws `CliError` LINT_INPUT_TOO_LONG too. */
export async function readWholeInput(maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readInput()) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new CliError("LINT_INPUT_TOO_LONG", `Standard input: expected at most ${maxBytes} bytes, given more`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
}
