type Field = readonly [string, string];

const CLAIM = "192.0.2.123";

/** What a client may say of its address. */
export const claims: readonly { readonly says: string; readonly fields: readonly Field[] }[] = [
  { says: "nothing", fields: [] },
  { says: "one claim", fields: [["X-Forwarded-For", CLAIM]] },
  {
    says: "two lines and other headers",
    fields: [
      ["X-Forwarded-For", `${CLAIM}, 203.0.113.7`],
      ["X-Forwarded-For", "10.0.0.2"],
      ["X-Real-IP", "192.0.2.71"],
      ["CF-Connecting-IP", "192.0.2.72"],
      ["X_Forwarded_For", "192.0.2.73"],
    ],
  },
  {
    says: "a claim, and names in Connection",
    fields: [
      ["X-Forwarded-For", CLAIM],
      ["X-Client-IP", "192.0.2.74"],
      ["Connection", "close, X-Forwarded-For, X-Real-IP"],
    ],
  },
];

const TOLD = ["x-forwarded-for", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "forwarded", "x_forwarded_for"];

/** Names and values that follow each other as fields. */
export function arrivedFields(rawHeaders: readonly string[]): readonly Field[] {
  return rawHeaders.flatMap((value, index): Field[] => (index % 2 === 0 ? [[value, rawHeaders[index + 1] ?? ""]] : []));
}

/** Fields as `node:http` takes them. */
export function headersOf(fields: readonly Field[]): Readonly<Record<string, string[]>> {
  const headers: Record<string, string[]> = {};
  for (const [field, value] of fields) headers[field] = [...(headers[field] ?? []), value];
  return headers;
}

/** The elements of each header that says an address, whichever lines and blanks they stand in. Empty ones are none (RFC 9110 §5.6.1). */
export function elementsOfHeaders(fields: readonly Field[], without: readonly string[] = []): Readonly<Record<string, readonly string[]>> {
  const lines = Object.entries(linesOfHeaders(fields, without));
  return Object.fromEntries(
    lines.map(([header, values]) => [header, values.flatMap((value) => value.split(/[ \t]*,[ \t]*/)).filter((element) => element !== "")]),
  );
}

/** The lines of each header that says an address, but for `without`. A line without a value says none. */
export function linesOfHeaders(fields: readonly Field[], without: readonly string[] = []): Readonly<Record<string, readonly string[]>> {
  const linesOf = (header: string): string[] =>
    fields.filter(([name, value]) => name.toLowerCase() === header && value !== "").map(([, value]) => value);
  return Object.fromEntries(TOLD.filter((header) => !without.includes(header)).map((header) => [header, linesOf(header)]));
}
