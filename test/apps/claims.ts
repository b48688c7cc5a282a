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
];

const TOLD = ["x-forwarded-for", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "forwarded", "x_forwarded_for"];

/** Names and values that follow each other as fields. */
export function arrivedFields(rawHeaders: readonly string[]): readonly Field[] {
  return rawHeaders.flatMap((value, index): Field[] => (index % 2 === 0 ? [[value, rawHeaders[index + 1] ?? ""]] : []));
}

/** The lines of each header that says an address, but for `without`. A line without a value says none. */
export function linesOfHeaders(fields: readonly Field[], without: readonly string[] = []): Readonly<Record<string, readonly string[]>> {
  const linesOf = (header: string): string[] =>
    fields.filter(([name, value]) => name.toLowerCase() === header && value !== "").map(([, value]) => value);
  return Object.fromEntries(TOLD.filter((header) => !without.includes(header)).map((header) => [header, linesOf(header)]));
}
