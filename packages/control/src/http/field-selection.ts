/** Which fields of an answer are asked for. `undefined` in place of an inner selection: the whole value. */
export type FieldSelection = ReadonlyMap<string, FieldSelection | undefined>;

/** What a `fields` parameter says, read: a selection, or the place where it cannot be read. */
export type FieldsReading =
  | { readonly kind: "selection"; readonly selection: FieldSelection }
  | { readonly kind: "fault"; readonly description: string };

const MAX_FIELDS_LENGTH = 2_000;
const NAME = /[A-Za-z0-9_@.$-]+|\*/y;

type Selecting = Map<string, Selecting | undefined>;
type Scan = { readonly text: string; at: number };

/**
 * Reads a `fields` parameter: names separated by commas, a path by slashes, several fields of one value in parentheses, `*` for all.
 * `name,metadata/operationType,routes(name,target)`. In a list it selects from each item.
 *
 * Source: Google APIs, "Working with partial resources".
 */
export function readFields(text: string): FieldsReading {
  if (text.length > MAX_FIELDS_LENGTH) return { kind: "fault", description: `Expected at most ${MAX_FIELDS_LENGTH} characters` };
  const scan: Scan = { text, at: 0 };
  const selection: Selecting = new Map();
  if (readList(scan, selection) && scan.at === text.length) return { kind: "selection", selection };
  return { kind: "fault", description: `Expected names such as a,b/c,d(e,f), found something else at character ${scan.at + 1}` };
}

function readList(scan: Scan, selection: Selecting): boolean {
  do {
    if (!readItem(scan, selection)) return false;
  } while (skip(scan, ","));
  return true;
}

/** One item, joined to those before it: the whole of a value wins over a part of it. */
function readItem(scan: Scan, selection: Selecting): boolean {
  NAME.lastIndex = scan.at;
  const [name] = NAME.exec(scan.text) ?? [];
  if (name === undefined) return false;
  scan.at += name.length;
  const wasWhole = selection.has(name) && selection.get(name) === undefined;
  const inner: Selecting = selection.get(name) ?? new Map();
  let isWhole = false;
  if (skip(scan, "/")) {
    if (!readItem(scan, inner)) return false;
  } else if (skip(scan, "(")) {
    if (!readList(scan, inner) || !skip(scan, ")")) return false;
  } else {
    isWhole = true;
  }
  selection.set(name, isWhole || wasWhole ? undefined : inner);
  return true;
}

function skip(scan: Scan, mark: string): boolean {
  if (scan.text[scan.at] !== mark) return false;
  scan.at += 1;
  return true;
}

/** The part of a JSON value that was asked for. A name that the value does not have selects nothing. */
export function selectFields(value: unknown, selection: FieldSelection | undefined): unknown {
  if (selection === undefined || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => selectFields(item, selection));
  const selected = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    const key = selection.has(name) ? name : "*";
    return selection.has(key) ? [[name, selectFields(inner, selection.get(key))]] : [];
  });
  return Object.fromEntries(selected);
}
