/** One request of HTTP/1 as a target has to get it. */
export type OracleRequest = { readonly method: string; readonly target: string; readonly body: string };

const REQUEST_LINE = /^(?<method>[A-Z-]+) +(?<target>[\x21-\x7e]+) +HTTP\/1\.(?<minor>[01])$/;
const FIELD = /^(?<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?<value>(?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)[ \t]*$/;
const CHUNK = /^(?<size>[0-9a-fA-F]{1,8})(?:;[\t\x20-\x7e]*)?\r\n/;

type Fields = ReadonlyMap<string, readonly string[]>;

/**
 * The requests that stand in some bytes by the letter of RFC 9112, said slowly and by other means than a parser's: line by line, by regular expressions. It stops at
 * the first thing that is none, or that nobody reads to its end. What a gateway refuses beyond that is no matter of this.
 */
export function readRequests(text: string): OracleRequest[] {
  const requests: OracleRequest[] = [];
  let rest = text;
  for (;;) {
    // §2.2: empty lines before a request are ignored.
    rest = rest.replace(/^[\r\n]+/, "");
    const [head, ...behind] = rest.split("\r\n\r\n");
    if (head === undefined || behind.length === 0) return requests;
    const line = REQUEST_LINE.exec(head.split("\r\n")[0] ?? "")?.groups;
    const fields = readFields(head.split("\r\n").slice(1));
    if (line === undefined || fields === undefined || !isOneHost(fields, line["minor"])) return requests;
    const framed = readBody(behind.join("\r\n\r\n"), { fields, minor: line["minor"] });
    if (framed === undefined) return requests;
    requests.push({ method: line["method"] ?? "", target: originForm(line["target"] ?? ""), body: framed.body });
    rest = framed.rest;
    const options = (fields.get("connection") ?? [])
      .join(",")
      .toLowerCase()
      .split(/[ \t]*,[ \t]*/);
    if (options.includes("close") || (line["minor"] === "0" && !options.includes("keep-alive"))) return requests;
  }
}

function readFields(lines: readonly string[]): Fields | undefined {
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const { name, value = "" } = FIELD.exec(line)?.groups ?? {};
    if (name === undefined) return undefined;
    fields.set(name.toLowerCase(), [...(fields.get(name.toLowerCase()) ?? []), value]);
  }
  return fields;
}

/** §3.2. */
function isOneHost(fields: Fields, minor: string | undefined): boolean {
  const hosts = fields.get("host")?.length ?? 0;
  return hosts === 1 || (hosts === 0 && minor === "0");
}

/** §6.3. */
function readBody(
  text: string,
  { fields, minor }: { fields: Fields; minor: string | undefined },
): { body: string; rest: string } | undefined {
  const codings = fields.get("transfer-encoding");
  const lengths = fields.get("content-length");
  if (codings !== undefined) {
    return lengths === undefined && minor === "1" && codings.join().toLowerCase() === "chunked" ? readChunks(text) : undefined;
  }
  if (lengths === undefined) return { body: "", rest: text };
  const length = Number(lengths[0]);
  if (lengths.length > 1 || !/^\d+$/.test(lengths[0] ?? "") || text.length < length) return undefined;
  return { body: text.slice(0, length), rest: text.slice(length) };
}

/** §7.1. */
function readChunks(text: string): { body: string; rest: string } | undefined {
  let body = "";
  let rest = text;
  for (;;) {
    const chunk = CHUNK.exec(rest);
    if (chunk === null) return undefined;
    const size = Number.parseInt(chunk.groups?.["size"] ?? "", 16);
    rest = rest.slice(chunk[0].length);
    if (size === 0) break;
    if (rest.slice(size, size + 2) !== "\r\n") return undefined;
    body += rest.slice(0, size);
    rest = rest.slice(size + 2);
  }
  if (rest.startsWith("\r\n")) return { body, rest: rest.slice(2) };
  const end = rest.indexOf("\r\n\r\n");
  return end === -1 || readFields(rest.slice(0, end).split("\r\n")) === undefined ? undefined : { body, rest: rest.slice(end + 4) };
}

/** §3.2.2: the target gets the origin form. */
function originForm(target: string): string {
  const rest = /^https?:\/\/[^/?]*(?<rest>.*)$/i.exec(target)?.groups?.["rest"];
  if (rest === undefined) return target;
  return rest.startsWith("/") ? rest : `/${rest}`;
}
