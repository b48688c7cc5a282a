import { escapeText } from "wherefrom";

/** One fault of a configuration in JSON. The shape of the library's policy issues, so that both stand in one list. */
export type JsonIssue<Code extends string = string> = {
  readonly code: Code;
  /** Where it is, as a JSON pointer (RFC 6901): `/routes/0/target`; the empty text is the document itself. */
  readonly pointer: string;
  readonly expected: string;
  /** What stands there, as JSON, escaped and shortened; `nothing` where a field is missing. */
  readonly given: string;
  /** The three in one line. */
  readonly message: string;
};

/** Where in a document something is: the keys that lead there. */
type Path = readonly PropertyKey[];

/** The issue at one place of a document. */
export function issueAt<Code extends string>({ json, path, code, expected }: IssueParts<Code>): JsonIssue<Code> {
  const pointer = pointerTo(path);
  const given = describe(hideSecret(String(path.at(-1)), valueAt(json, path)));
  return { code, pointer, expected, given, message: `${pointer === "" ? "the whole" : pointer}: ${expected}, received ${given}` };
}

type IssueParts<Code> = { readonly json: unknown; readonly path: Path; readonly code: Code; readonly expected: string };

/** What a schema found, as issues. A field that the schema does not know is an issue at that field. */
export function shapeIssues<Code extends string>(json: unknown, { found, code }: ShapeFindings<Code>): JsonIssue<Code>[] {
  return found.flatMap((finding) => {
    const { path, message } = finding;
    if (finding.code !== "unrecognized_keys") return [issueAt({ json, path, code, expected: expectedBy(message) })];
    return (finding.keys ?? []).map((key) => issueAt({ json, path: [...path, key], code, expected: "Expected no field of this name" }));
  });
}

type ShapeFindings<Code> = {
  readonly found: readonly { readonly code: string; readonly path: Path; readonly message: string; readonly keys?: readonly string[] }[];
  readonly code: Code;
};

/** What zod says of a wrong type without a message of its own: what was received stands behind it anyway. */
const WRONG_TYPE = /^Invalid input: expected (\w+), received .*$/;

/** Types as zod names them, in the words that the other messages have. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ["string", "a text"],
  ["number", "a number"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
  ["array", "a list"],
  ["object", "an object"],
  ["record", "an object"],
]);

function expectedBy(message: string): string {
  return message.replace(WRONG_TYPE, (whole, type: string) => (TYPES.has(type) ? `Expected ${TYPES.get(type)}` : whole));
}

/** All issues in one line, for a log. */
export function describeIssues(issues: readonly JsonIssue[]): string {
  return issues.map((issue) => issue.message).join("; ");
}

/** A field name in a pointer is escaped, as it may be anybody's. */
function pointerTo(path: Path): string {
  return path.map((key) => `/${escapeText(String(key).replaceAll("~", "~0").replaceAll("/", "~1"), MAX_SHOWN_LENGTH)}`).join("");
}

function valueAt(json: unknown, path: Path): unknown {
  let value = json;
  for (const key of path) value = typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value;
}

/** Longest text of a value in an issue, in characters. */
const MAX_SHOWN_LENGTH = 80;

function describe(value: unknown): string {
  return value === undefined ? "nothing" : escapeText(JSON.stringify(value, hideSecret), MAX_SHOWN_LENGTH);
}

const SECRET_NAME = /^(?:secret|password|passphrase|token)$/i;

/** Nobody should write a secret into such a document. Whoever does must not find it in a log as well. */
function hideSecret(name: string, value: unknown): unknown {
  return SECRET_NAME.test(name) && value !== undefined ? "(not shown)" : value;
}
