import { createHash } from "node:crypto";
import { escapeText, type Provider, type Providers, parsePrefix } from "wherefrom";
import { z } from "zod";
import { type RangeIssue, rangeIssue } from "./range-issue.ts";

/** A provider's ranges as a file holds them. */
export type RangeList = {
  /** The NAME of `provider:NAME`. */
  readonly provider: string;
  /** The page or file that the ranges are from. */
  readonly source: string;
  /** The day on which they were taken from there, `YYYY-MM-DD` in UTC. */
  readonly retrievedAt: string;
  /** SHA-256 in hexadecimal of the prefixes, each with a line feed after it. */
  readonly sha256: string;
  /** Canonical texts, sorted as text, none twice. */
  readonly prefixes: readonly string[];
};

/** Ranges, or every reason why they are refused. */
export type RangeReading =
  | { readonly kind: "ranges"; readonly list: RangeList }
  | { readonly kind: "refused"; readonly issues: readonly RangeIssue[] };

const providerNameSchema = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/, "lower-case letters, digits and hyphens");

const rangeListSchema = z.strictObject({
  provider: providerNameSchema,
  source: z.string().min(1).max(2_048),
  retrievedAt: z.iso.date(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits"),
  prefixes: z.array(z.string().max(64)).max(100_000),
});

/** Whether a text can be the NAME of `provider:NAME`, and of a file. */
export function isProviderName(text: string): boolean {
  return providerNameSchema.safeParse(text).success;
}

/** Reads a parsed range file: its shape, its prefixes and its digest. Whether its content is plausible is for `judgeRanges` to say. */
export function parseRangeList(json: unknown): RangeReading {
  const parsed = rangeListSchema.safeParse(json);
  if (!parsed.success) {
    return {
      kind: "refused",
      issues: parsed.error.issues.map(({ path, message }) => rangeIssue("RANGES_NOT_A_LIST", `/${path.join("/")}: ${message}`)),
    };
  }
  const made = makeRangeList(parsed.data, parsed.data.prefixes);
  if (made.kind === "refused" || made.list.sha256 === parsed.data.sha256) return made;
  const message = `Expected the digest ${made.list.sha256} of its prefixes, received ${parsed.data.sha256}`;
  return { kind: "refused", issues: [rangeIssue("RANGES_DIGEST_MISMATCH", message)] };
}

/** Makes a list of the texts that somebody published: canonical, sorted, with its digest. */
export function makeRangeList(about: Pick<RangeList, "provider" | "source" | "retrievedAt">, texts: readonly string[]): RangeReading {
  const prefixes = new Set<string>();
  const issues: RangeIssue[] = [];
  for (const text of texts) {
    const reading = parsePrefix(text);
    if (reading.kind === "prefix") prefixes.add(reading.prefix.text);
    else if (reading.kind === "not-a-prefix")
      issues.push(rangeIssue("RANGES_PREFIX_INVALID", `Expected a CIDR, received ${escapeText(text, 80)}`));
    else
      issues.push(
        rangeIssue("RANGES_HOST_BITS", `Expected no bits past the length, as in ${reading.suggestion}, received ${escapeText(text, 80)}`),
      );
  }
  if (texts.length === 0) issues.push(rangeIssue("RANGES_EMPTY", "Expected at least one prefix, received none"));
  if (issues.length > 0) return { kind: "refused", issues };
  const sorted = [...prefixes].sort();
  const { provider, source, retrievedAt } = about;
  return { kind: "ranges", list: { provider, source, retrievedAt, sha256: digestOf(sorted), prefixes: sorted } };
}

/** The text of a range file. */
export function formatRangeList(list: RangeList): string {
  return `${JSON.stringify(list, undefined, 2)}\n`;
}

/** The list of a provider that is known already, built in for instance. */
export function rangeListOf(name: string, provider: Provider): RangeList {
  const prefixes = provider.prefixes.map((prefix) => prefix.text).sort();
  return { provider: name, source: provider.source, retrievedAt: provider.retrievedAt, sha256: digestOf(prefixes), prefixes };
}

/** The providers with some of their ranges replaced, or added: what `parsePolicy` and `createLiveResolver` take. */
export function withRangeLists(providers: Providers, lists: readonly Omit<RangeList, "sha256">[]): Providers {
  return new Map([...providers, ...lists.map((list) => [list.provider, providerOfList(list)] as const)]);
}

function providerOfList({ source, retrievedAt, prefixes }: Omit<RangeList, "sha256">): Provider {
  const parsed = prefixes.flatMap((text) => {
    const reading = parsePrefix(text);
    return reading.kind === "prefix" ? [reading.prefix] : [];
  });
  return { source, retrievedAt, isFixed: false, prefixes: parsed };
}

function digestOf(sorted: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of sorted) hash.update(`${text}\n`);
  return hash.digest("hex");
}
