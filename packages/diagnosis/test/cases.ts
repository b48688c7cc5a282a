import { readFileSync } from "node:fs";

const CASES = new URL("../../../cases/", import.meta.url);

/** Facts of one network, and the cause that explains them. */
export type Scenario = { readonly name: string; readonly expect: string; readonly facts: Readonly<Record<string, unknown>> };

/** The rows of one corpus file. */
export function readCases<Row>(path: string): readonly Row[] {
  return JSON.parse(readFileSync(new URL(path, CASES), "utf8")) as readonly Row[];
}
