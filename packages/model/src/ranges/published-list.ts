/** AWS names the addresses by which CloudFront reaches origins so. */
const CLOUDFRONT_SERVICE = "CLOUDFRONT_ORIGIN_FACING";

/**
 * Takes the prefixes out of a list as providers publish it: one a line (Cloudflare), or JSON with `addresses` and `ipv6_addresses` (Fastly), with
 * `prefixes` of AWS, of which only CloudFront's origin-facing ones count, or with `prefixes` of text. `undefined` for anything else.
 *
 * The texts are not judged: that is for `makeRangeList` and `judgeRanges`.
 */
export function readPublishedList(text: string): readonly string[] | undefined {
  const trimmed = text.trim();
  if (trimmed.startsWith("{") || trimmed.startsWith("[")) return readJson(trimmed);
  const lines = trimmed.split(/\r?\n/).map((line) => line.replace(/#.*$/, "").trim());
  const found = lines.filter((line) => line !== "");
  return found.every((line) => /^[0-9a-fA-F:.]+(?:\/\d{1,3})?$/.test(line)) ? found : undefined;
}

function readJson(text: string): readonly string[] | undefined {
  try {
    return readValue(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function readValue(json: unknown): readonly string[] | undefined {
  if (Array.isArray(json)) return textsOf(json);
  const { addresses, ipv6_addresses: addresses6, prefixes, ipv6_prefixes: prefixes6 } = json as Readonly<Record<string, unknown>>;
  if (addresses !== undefined || addresses6 !== undefined) return textsOf([...listOf(addresses), ...listOf(addresses6)]);
  if (prefixes === undefined && prefixes6 === undefined) return undefined;
  const entries = [...listOf(prefixes), ...listOf(prefixes6)];
  return textsOf(entries.flatMap((entry) => (isAwsEntry(entry) ? awsTextOf(entry) : [entry])));
}

type AwsEntry = { readonly service: string; readonly ip_prefix?: unknown; readonly ipv6_prefix?: unknown };

function isAwsEntry(entry: unknown): entry is AwsEntry {
  return typeof entry === "object" && entry !== null && "service" in entry;
}

function awsTextOf(entry: AwsEntry): readonly unknown[] {
  return entry.service === CLOUDFRONT_SERVICE ? [entry.ip_prefix ?? entry.ipv6_prefix] : [];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textsOf(list: readonly unknown[]): readonly string[] | undefined {
  return list.every((entry) => typeof entry === "string") ? (list as readonly string[]) : undefined;
}
