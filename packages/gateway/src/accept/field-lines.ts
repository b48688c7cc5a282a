/** The values of one field in wire order, from `[name, value, name, value]`. `name` is given in lower case. */
export function fieldLines(fields: readonly string[], name: string): string[] {
  const lines: string[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (fields[index]?.toLowerCase() === name) lines.push(fields[index + 1] ?? "");
  }
  return lines;
}
