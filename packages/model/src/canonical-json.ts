/**
 * JSON without spaces, names sorted by UTF-16 code units; what is `undefined` is left out. Equal values have the same text.
 *
 * Source: RFC 8785, for values without lone surrogates and without names that are whole numbers.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const given = value as Readonly<Record<string, unknown>>;
  const fields = new (Fields as unknown as new () => Record<string, unknown>)();
  for (const name of Object.keys(given).sort()) fields[name] = sorted(given[name]);
  return fields;
}

/** An object that inherits nothing, so that `__proto__` is a field as any other; faster to fill than one of `Object.create(null)`. */
function Fields(): void {}
Fields.prototype = Object.create(null);
