import { openOutput, printableJson } from "../output.ts";

/** Version of the shapes that commands of the API write with `--json`; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

/** Writes what a command found: JSON with a version, or text for people. */
export async function printFound(
  isJson: boolean | undefined,
  { json, text }: { readonly json: object; readonly text: () => string },
): Promise<void> {
  const output = openOutput(process.stdout);
  await output.write(`${isJson === true ? printableJson({ version: JSON_VERSION, ...json }) : text()}\n`);
  await output.finish();
}

/** What a value is, in one line: JSON, shortened. */
export function shortJson(value: unknown, maxLength = 60): string {
  const text = value === undefined ? "" : JSON.stringify(value);
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 3)}...`;
}
