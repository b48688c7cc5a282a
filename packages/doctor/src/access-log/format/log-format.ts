import { createJsonReader } from "../read/json-reader.ts";
import type { LineReader } from "../read/line-reader.ts";
import { createTextReader } from "../read/text-reader.ts";
import type { JsonFields } from "./json-fields.ts";
import type { Layout } from "./layout.ts";

/** How the lines of a log are written. Plain data: it travels between threads. */
export type LogFormat =
  | { readonly kind: "text"; readonly name: string; readonly layout: Layout }
  | { readonly kind: "json"; readonly name: string; readonly fields: JsonFields };

/** Whether lines of the format say when they are of. */
export function hasTime(format: LogFormat): boolean {
  switch (format.kind) {
    case "text":
      return format.layout.values.some(({ role }) => role.kind === "time");
    case "json":
      return format.fields.time.length > 0;
  }
}

/** A reader for lines of a format. `policyHeaders` are headers, in lower case, that a policy reads beside those that are known. */
export function createLineReader(format: LogFormat, policyHeaders: ReadonlySet<string>): LineReader {
  switch (format.kind) {
    case "text":
      return createTextReader(format.layout, policyHeaders);
    case "json":
      return createJsonReader(format.fields);
  }
}
