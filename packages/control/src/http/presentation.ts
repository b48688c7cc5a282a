import { type FieldSelection, selectFields } from "./field-selection.ts";

/** How a client wants its answer written. */
export type Presentation = {
  /** Spaces an inner level is indented by; 0 for one line. */
  readonly indent: number;
  /** `undefined`: everything. */
  readonly selection: FieldSelection | undefined;
  /** The list `errors` of Google's first error format stands beside what the second has. */
  readonly hasErrorList: boolean;
};

type JsonOptions = {
  readonly presentation: Presentation;
  readonly status?: number;
  readonly etag?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
};

/** A JSON answer as the client wants it. */
export function writeJson(body: unknown, { presentation: { indent, selection }, status = 200, etag, headers }: JsonOptions): Response {
  const text = selection === undefined ? wholeText(body, indent) : textOf(selectFields(body, selection), indent);
  return new Response(text, { status, headers: { ...headers, "content-type": "application/json", ...(etag !== undefined && { etag }) } });
}

/** Texts of what never changes, by how they are indented. */
const constants = new WeakMap<object, Map<number, string>>();

/** A value that never changes: as an answer it is written once, however often it is asked for. */
export function constant<Value extends object>(value: Value): Value {
  constants.set(value, new Map());
  return value;
}

function wholeText(body: unknown, indent: number): string {
  const texts = typeof body === "object" && body !== null ? constants.get(body) : undefined;
  if (texts === undefined) return textOf(body, indent);
  const text = texts.get(indent) ?? textOf(body, indent);
  texts.set(indent, text);
  return text;
}

function textOf(body: unknown, indent: number): string {
  return `${JSON.stringify(body, undefined, indent)}${indent > 0 ? "\n" : ""}`;
}
