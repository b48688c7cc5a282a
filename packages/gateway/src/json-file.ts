import { readFile, stat } from "node:fs/promises";
import { escapeText } from "wherefrom";
import { GatewayError, type GatewayErrorCode } from "./errors.ts";

type JsonFileOptions = {
  /** What the file is, as an error says it: `snapshot file`. */
  readonly what: string;
  readonly code: GatewayErrorCode;
  /** The largest file that is read. */
  readonly maxBytes: number;
};

/** Reads the JSON in a file, and does not judge it. Errors: a `GatewayError` of the code given when it cannot be read, is too large or holds no JSON. */
export async function readJsonFile(path: string, { what, code, maxBytes }: JsonFileOptions): Promise<unknown> {
  let text = "";
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw new Error(`Expected at most ${maxBytes} bytes, received ${size}`);
    text = (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GatewayError(code, `The ${what} ${escapeText(path)} cannot be read: ${escapeText(reason)}${placeIn(text, reason)}`);
  }
}

/** Where that is for a person. Node 20 counts characters from the start of the file, later ones say it themselves. */
function placeIn(text: string, reason: string): string {
  const position = /at position (\d+)$/.exec(reason)?.[1];
  if (position === undefined) return "";
  const before = text.slice(0, Number(position)).split("\n");
  return ` (line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1})`;
}
