import { readdirSync, readFileSync } from "node:fs";
import type { Rejection, Trust } from "../src/algorithm/selection.ts";
import type { Outcome, Resolution } from "../src/resolve/resolution.ts";

/** A piece of a header value: text, or a text written many times. `separator` stands between the copies. */
type WrittenPart = string | { readonly repeat: readonly [text: string, count: number]; readonly separator?: string };
export type WrittenValue = WrittenPart | readonly WrittenPart[];
type WrittenRow = Omit<ResolveRow, "headers"> & { readonly headers: readonly (readonly [string, WrittenValue])[] };

/** One request, one policy, and what the answer has to be. */
export type ResolveRow = {
  readonly name: string;
  readonly why?: string;
  readonly peer: string | null;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly policy: Readonly<Record<string, unknown>>;
  readonly expect: ExpectedResolution;
  /** Where the row can be run. Absent: everywhere. `["function"]`: the bytes do not travel over HTTP/1.1. */
  readonly surfaces?: readonly "function"[];
  /** Systems that answer otherwise, and what they answer. */
  readonly source?: Readonly<Record<string, string>>;
};

export type ExpectedResolution = {
  readonly ip: string | null;
  readonly outcome: Outcome;
  readonly trust: Trust;
  readonly reason?: Rejection;
  readonly algorithm: string;
  readonly key: string | null;
  readonly port?: number;
};

export type AddressRow = {
  readonly text: string;
  /** `null`: no address. */
  readonly canonical: string | null;
  /** `address`: an address and nothing beside it. `hop`: what only a hop may carry, or what is nobody's address. */
  readonly form: "address" | "hop";
  readonly port?: number;
  readonly why?: string;
};

export type PrefixRow = {
  readonly text: string;
  /** `null`: refused in a trust list. */
  readonly canonical: string | null;
  /** Of one that has bits behind its length: what may have been meant. */
  readonly suggestion?: string;
  readonly inside?: readonly string[];
  readonly outside?: readonly string[];
  readonly why?: string;
};

export type ListRow = {
  readonly name: string;
  readonly lines: readonly string[];
  readonly elements: readonly string[];
  readonly why?: string;
};

export type ForwardedHop =
  | { readonly node: string; readonly ip: string; readonly port?: number }
  | { readonly opaque: string; readonly reason?: Rejection };

export type ForwardedRow = {
  readonly name: string;
  readonly lines: readonly string[];
  readonly hops: readonly ForwardedHop[];
  readonly why?: string;
};

export type PolicyRow = {
  readonly name: string;
  readonly policy: unknown;
  /** The pointers of all faults. Absent in a valid row. */
  readonly faults?: readonly string[];
  readonly why?: string;
};

const CASES = new URL("../../../cases/", import.meta.url);

function expandPart(part: WrittenPart): string {
  if (typeof part === "string") return part;
  const [text, count] = part.repeat;
  return Array<string>(count)
    .fill(text)
    .join(part.separator ?? "");
}

/** The text of a value as written in a corpus file. */
export function expandValue(value: WrittenValue): string {
  return (Array.isArray(value) ? (value as readonly WrittenPart[]) : [value as WrittenPart]).map(expandPart).join("");
}

/** The rows of one corpus file, `header/forwarded.json` for example, as they are written. */
export function readCases<Row>(path: string): readonly Row[] {
  return JSON.parse(readFileSync(new URL(path, CASES), "utf8")) as readonly Row[];
}

/** The names of the corpus files in a folder, in order. */
export function listCases(folder: string): readonly string[] {
  const names = readdirSync(new URL(`${folder}/`, CASES)).filter((name) => name.endsWith(".json"));
  return names.toSorted().map((name) => `${folder}/${name}`);
}

/** The rows of one file of `cases/resolve`, with their long header values written out. */
export function readResolveCases(path: string): readonly ResolveRow[] {
  return readCases<WrittenRow>(path).map((row) => ({
    ...row,
    headers: row.headers.map(([name, value]) => [name, expandValue(value)] as const),
  }));
}

/** The part of a resolution that a row speaks of. */
export function answerOf(resolution: Resolution): ExpectedResolution {
  const { ip, outcome, trust, reason, algorithm, key, port } = resolution;
  return { ip, outcome, trust, ...(reason && { reason }), algorithm, key, ...(port !== undefined && { port }) };
}
