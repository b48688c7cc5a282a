/**
 * JSON without spaces, names sorted by UTF-16 code units; what is `undefined` is left out. Equal values have the same text.
 *
 * Source: RFC 8785, for values without lone surrogates and without names that are whole numbers.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}
