/** The values of one field in wire order, from `[name, value, name, value]`. `name` is given in lower case. */
export function fieldLines(fields: readonly string[], name: string): string[] {
  const lines: string[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const field = fields[index] ?? "";
    if (field.length === name.length && field.toLowerCase() === name) lines.push(fields[index + 1] ?? "");
  }
  return lines;
}
