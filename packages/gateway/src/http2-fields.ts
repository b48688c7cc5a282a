import type { OutgoingHttpHeaders } from "node:http";

/** Fields about an HTTP/1 connection (RFC 9113 §8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** Fields by name, as Node takes them, several lines of one name as a list; of names that Node takes once only, as one line. */
export function fieldsByName(fields: readonly string[]): OutgoingHttpHeaders {
  const lines = new Map<string, string[]>();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = (fields[index] ?? "").toLowerCase();
    if (CONNECTION_FIELDS.has(name)) continue;
    const known = lines.get(name);
    if (known === undefined) lines.set(name, [fields[index + 1] ?? ""]);
    else known.push(fields[index + 1] ?? "");
  }
  return Object.fromEntries([...lines].map(([name, values]) => [name, name === "set-cookie" ? values : values.join(", ")]));
}
