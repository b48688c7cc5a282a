import { openOutput, printableJson } from "../output.ts";

/** Version of the shapes that commands of the API write with `--json`; it rises when a field changes its meaning or goes. */
export const JSON_VERSION = 1;

/** Writes what a command found: JSON with a version, or text for people. */
export async function printFound(
  isJson: boolean | undefined,
  { json, text }: { readonly json: object; readonly text: () => string },
): Promise<void> {
  const output = openOutput(process.stdout);
  await output.write(`${isJson === true ? printableJson({ version: JSON_VERSION, ...json }) : text()}\n`);
  await output.finish();
}

const MINUTE_LENGTH = 16;

/** A time in milliseconds since 1970, as people read it, to the minute. */
export function minuteOf(milliseconds: string): string {
  return `${new Date(Number(milliseconds)).toISOString().slice(0, MINUTE_LENGTH).replace("T", " ")} UTC`;
}

/** What a value is, in one line: JSON, shortened. */
export function shortJson(value: unknown, maxLength = 60): string {
  const text = value === undefined ? "" : JSON.stringify(value);
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 3)}...`;
}
