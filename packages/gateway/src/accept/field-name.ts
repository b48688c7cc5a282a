/**
 * A field name in lower case, with hyphens where it has `_` or `.`. Behind CGI, WSGI or PHP all three are one variable, and the last one in
 * wins there (RFC 3875 §4.1.18). Not the name of the same field: for HTTP they are three.
 */
export function hyphenated(name: string): string {
  return name.includes("_") || name.includes(".") ? name.replace(/[_.]/g, "-") : name;
}
