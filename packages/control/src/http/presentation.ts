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
  const text = `${JSON.stringify(selectFields(body, selection), undefined, indent)}${indent > 0 ? "\n" : ""}`;
  return new Response(text, { status, headers: { ...headers, "content-type": "application/json", ...(etag !== undefined && { etag }) } });
}
