import { readFileSync } from "node:fs";

const CASES = new URL("../../../cases/", import.meta.url);

/** The rows of one corpus file. */
export function readCases<Row>(path: string): readonly Row[] {
  return JSON.parse(readFileSync(new URL(path, CASES), "utf8")) as readonly Row[];
}
