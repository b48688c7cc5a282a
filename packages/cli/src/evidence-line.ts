import { type Evidence, escapeText, evidenceOfFields, type HeaderField } from "wherefrom";
import type { LineErrorCode } from "./errors.ts";

const KNOWN_FIELDS: ReadonlySet<string> = new Set(["peer", "headers", "policy"]);

/** One line of `resolve --jsonl`, read: the evidence and the policy that came with it, or why it is none. */
export type EvidenceLine =
  | { readonly kind: "evidence"; readonly evidence: Evidence; readonly headers: readonly HeaderField[]; readonly policy: unknown }
  | { readonly kind: "fault"; readonly code: LineErrorCode; readonly message: string };

/**
 * Reads `{"peer": "10.0.0.1", "headers": [["X-Forwarded-For", "192.0.2.1"]], "policy": {…}}`.
 *
 * `peer` absent or null is an unknown peer; whether its text is an address is for the caller to judge. `policy` absent or null
 * is none. Other fields are passed over, except on a line without `headers`, where one may be a misspelling of it.
 */
export function readEvidenceLine(text: string): EvidenceLine {
  const line = parseObject(text);
  if (line.kind === "fault") return line;
  const { peer, headers, policy } = line.fields;
  if (peer !== undefined && peer !== null && typeof peer !== "string") return invalid("/peer: expected an address as text, or null", peer);
  const unknownName = headers === undefined ? Object.keys(line.fields).find((name) => !KNOWN_FIELDS.has(name)) : undefined;
  if (unknownName !== undefined) return invalid("/headers: expected a list, given none but an unknown field", unknownName);
  if (headers !== undefined && !Array.isArray(headers)) return invalid("/headers: expected a list of [name, value]", headers);
  const fields: readonly unknown[] = headers ?? [];
  const wrongIndex = fields.findIndex((field) => !isHeaderField(field));
  if (wrongIndex !== -1) return invalid(`/headers/${wrongIndex}: expected [name, value], both text`, fields[wrongIndex]);
  const read = fields as readonly HeaderField[];
  return { kind: "evidence", evidence: evidenceOfFields(peer ?? undefined, read), headers: read, policy: policy ?? undefined };
}

type ParsedObject = { readonly kind: "object"; readonly fields: { peer?: unknown; headers?: unknown; policy?: unknown } };

function parseObject(text: string): ParsedObject | Extract<EvidenceLine, { kind: "fault" }> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "fault", code: "RESOLVE_LINE_NOT_JSON", message: `Expected a JSON object, given ${preview(text)}` };
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { kind: "object", fields: value };
  return invalid("Expected a JSON object", value);
}

function isHeaderField(field: unknown): field is HeaderField {
  return Array.isArray(field) && field.length === 2 && typeof field[0] === "string" && typeof field[1] === "string";
}

function invalid(expectation: string, given: unknown): Extract<EvidenceLine, { kind: "fault" }> {
  return { kind: "fault", code: "RESOLVE_LINE_INVALID", message: `${expectation}, given ${preview(JSON.stringify(given))}` };
}

function preview(text: string): string {
  return text.trim() === "" ? "an empty line" : escapeText(text, 80);
}
