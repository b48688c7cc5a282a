import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createLiveResolver, evidenceOfFields } from "wherefrom";
import { ALL_PROVIDERS } from "wherefrom/providers";
import { diffRanges, judgeRanges } from "../src/ranges/judge-ranges.ts";
import { readPublishedList } from "../src/ranges/published-list.ts";
import { openRangesFolder, readRangesFolder, updateRanges } from "../src/ranges/range-file.ts";
import { formatRangeList, makeRangeList, parseRangeList, type RangeList, rangeListOf } from "../src/ranges/range-list.ts";

const about = { provider: "edge", source: "https://example.com/ranges", retrievedAt: "2026-11-01" };

function listOf(texts: readonly string[], changes: Partial<RangeList> = {}): RangeList {
  const made = makeRangeList({ ...about, ...changes }, texts);
  if (made.kind === "refused") throw new Error(made.issues.map(({ message }) => message).join("\n"));
  return made.list;
}

function codesOf(made: ReturnType<typeof parseRangeList>): readonly string[] {
  return made.kind === "refused" ? made.issues.map(({ code }) => code) : [];
}

const current = listOf(["52.1.0.0/16", "52.2.0.0/16", "52.3.0.0/16", "52.4.0.0/16", "2600:9000::/28"]);

const candidates = [
  { says: "the same list", texts: current.prefixes, codes: [] },
  { says: "one network more", texts: [...current.prefixes, "52.5.0.0/16"], codes: [] },
  { says: "one network less", texts: current.prefixes.filter((text) => text !== "52.4.0.0/16"), codes: [] },
  { says: "half of the networks", texts: ["52.1.0.0/16", "2600:9000::/28"], codes: ["RANGES_SHRUNK", "RANGES_SHRUNK"] },
  {
    says: "as many networks, of half the addresses",
    texts: ["52.1.0.0/17", "52.2.0.0/17", "52.3.0.0/17", "52.4.0.0/17", "2600:9000::/28"],
    codes: ["RANGES_SHRUNK"],
  },
  { says: "no IPv6 any more", texts: ["52.1.0.0/16", "52.2.0.0/16", "52.3.0.0/16", "52.4.0.0/16"], codes: ["RANGES_SHRUNK"] },
  { says: "a /8", texts: [...current.prefixes, "17.0.0.0/8"], codes: [] },
  { says: "a network wider than /8", texts: [...current.prefixes, "16.0.0.0/7"], codes: ["RANGES_TOO_WIDE"] },
  { says: "everyone", texts: [...current.prefixes, "0.0.0.0/0"], codes: ["RANGES_TOO_WIDE"] },
  { says: "an IPv6 network wider than /16", texts: [...current.prefixes, "2600::/15"], codes: ["RANGES_TOO_WIDE"] },
  { says: "a private network", texts: [...current.prefixes, "10.1.0.0/16"], codes: ["RANGES_NOT_PUBLIC"] },
  { says: "a network round a private one", texts: [...current.prefixes, "172.0.0.0/8"], codes: ["RANGES_NOT_PUBLIC"] },
  { says: "loopback", texts: [...current.prefixes, "::1"], codes: ["RANGES_NOT_PUBLIC"] },
  { says: "carrier-grade NAT", texts: [...current.prefixes, "100.64.0.0/10"], codes: ["RANGES_NOT_PUBLIC"] },
];

test.each(candidates)("$says beside the current list: $codes", ({ texts, codes }) => {
  expect(judgeRanges(listOf(texts), current).map(({ code }) => code)).toEqual(codes);
});

test("a provider that never had a family does not shrink in it", () => {
  const only4 = listOf(["52.1.0.0/16", "52.2.0.0/16"]);
  expect(judgeRanges(only4, only4)).toEqual([]);
});

test("a list of an earlier day than the current one is refused", () => {
  expect(judgeRanges(listOf(current.prefixes, { retrievedAt: "2026-10-31" }), current).map(({ code }) => code)).toEqual(["RANGES_OLDER"]);
});

const texts = [
  { says: "nothing", given: [], codes: ["RANGES_EMPTY"] },
  { says: "host bits", given: ["52.1.0.1/16"], codes: ["RANGES_HOST_BITS"] },
  { says: "no network", given: ["edge.example.com", "52.1.0.0/33"], codes: ["RANGES_PREFIX_INVALID", "RANGES_PREFIX_INVALID"] },
  { says: "a bare address", given: ["52.1.0.1"], codes: [] },
];

test.each(texts)("a list of $says: $codes", ({ given, codes }) => {
  expect(codesOf(makeRangeList(about, given))).toEqual(codes);
});

test("a list is canonical: sorted, in one spelling, none twice", () => {
  expect(listOf(["2600:9000:0::/28", "52.1.0.0/16", "::ffff:52.1.0.0/112", "2600:9000::/28"]).prefixes).toEqual([
    "2600:9000::/28",
    "52.1.0.0/16",
  ]);
});

const files = [
  { says: "itself", change: {}, codes: [] },
  { says: "another digest", change: { sha256: "0".repeat(64) }, codes: ["RANGES_DIGEST_MISMATCH"] },
  {
    says: "a prefix more than its digest knows",
    change: { prefixes: [...current.prefixes, "52.5.0.0/16"] },
    codes: ["RANGES_DIGEST_MISMATCH"],
  },
  { says: "a name that climbs out of the folder", change: { provider: "../edge" }, codes: ["RANGES_NOT_A_LIST"] },
  { says: "a day that is none", change: { retrievedAt: "2026-02-30" }, codes: ["RANGES_NOT_A_LIST"] },
  { says: "a field too many", change: { comment: "" }, codes: ["RANGES_NOT_A_LIST"] },
  { says: "no prefixes", change: { prefixes: undefined }, codes: ["RANGES_NOT_A_LIST"] },
];

test.each(files)("a file with $says: $codes", ({ change, codes }) => {
  expect(codesOf(parseRangeList(JSON.parse(JSON.stringify({ ...current, ...change }))))).toEqual(codes);
});

/** Of the lists that are built in: one that changes by accident would change whom people trust. */
const digests = {
  private: "d4e08191be589cd28c09e01f26a4c44cc1b47ed6bb899ed20578e291f316851c",
  loopback: "67c975e4f0c7edbd1d96a12e41dfb1953dc450df18678c0c12f4eba0ec1b2f4b",
  "link-local": "7712df038f8227434ad8d96b2fdf7c7d23af9143d3f6d8430cd796fc4bf898eb",
  cloudfront: "272f6b8f25cc00d352df0dff4605c5c82f9b60d2264aa5a4bd3768a07c954763",
  cloudflare: "9da903107eaa08f0702fb6213fa140267c9904f968ce0f7b32d647f95a50c3a7",
  fastly: "7e3ee5efb5cd736511cc0becc7099f2ab38a0594aaab65fb2b447bee9132f04e",
  "google-lb": "cdef91816f95c105380fa624eef68081fdf495a958fbda58895e66e83d5458ff",
};

test.each(Object.entries(digests))("provider:%s is the list that was taken over", (name, digest) => {
  const provider = ALL_PROVIDERS.get(name);
  expect(provider && rangeListOf(name, provider).sha256).toBe(digest);
});

test("each provider that is built in has its digest here", () => {
  expect([...ALL_PROVIDERS.keys()].sort()).toEqual(Object.keys(digests).sort());
});

test.each([...ALL_PROVIDERS].filter(([, { isFixed }]) => !isFixed))("provider:%s passes its own judgement", (name, provider) => {
  expect(judgeRanges(rangeListOf(name, provider), undefined)).toEqual([]);
});

test("a difference says what came and what went", () => {
  expect(diffRanges(["a", "b", "c"], ["b", "c", "d"])).toEqual({ added: ["d"], removed: ["a"], keptCount: 2 });
});

const published = [
  { says: "one a line", text: "173.245.48.0/20\n# a remark\n\n2400:cb00::/32\r\n", prefixes: ["173.245.48.0/20", "2400:cb00::/32"] },
  {
    says: "Fastly's JSON",
    text: '{"addresses":["23.235.32.0/20"],"ipv6_addresses":["2a04:4e40::/32"]}',
    prefixes: ["23.235.32.0/20", "2a04:4e40::/32"],
  },
  {
    says: "the JSON of AWS, CloudFront's part",
    text: '{"prefixes":[{"ip_prefix":"52.1.0.0/16","service":"EC2"},{"ip_prefix":"120.52.22.96/27","service":"CLOUDFRONT_ORIGIN_FACING"}],"ipv6_prefixes":[{"ipv6_prefix":"2600:9000::/28","service":"CLOUDFRONT_ORIGIN_FACING"}]}',
    prefixes: ["120.52.22.96/27", "2600:9000::/28"],
  },
  { says: "a range file", text: formatRangeList(current), prefixes: current.prefixes },
  { says: "a list of text", text: '["52.1.0.0/16"]', prefixes: ["52.1.0.0/16"] },
  { says: "a page of HTML", text: "<!doctype html><title>Sign in</title>", prefixes: undefined },
  { says: "broken JSON", text: '{"addresses":["23.235', prefixes: undefined },
  { says: "JSON of something else", text: '{"error":"rate limited"}', prefixes: undefined },
  { says: "a list of numbers", text: "[1, 2]", prefixes: undefined },
];

test.each(published)("$says is read", ({ text, prefixes }) => {
  expect(readPublishedList(text)).toEqual(prefixes);
});

describe("a folder of ranges", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "wherefrom-ranges-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("takes a first list, then a plausible one, and keeps the last good", async () => {
    expect(await updateRanges(folder, current)).toMatchObject({ kind: "updated", diff: { removed: [], keptCount: 0 } });
    expect(await updateRanges(folder, current)).toEqual({ kind: "unchanged" });
    const next = listOf([...current.prefixes, "52.5.0.0/16"], { retrievedAt: "2026-11-20" });
    expect(await updateRanges(folder, next)).toMatchObject({
      kind: "updated",
      diff: { added: ["52.5.0.0/16"], removed: [], keptCount: 5 },
    });
    expect(readdirSync(folder).toSorted()).toEqual(["edge.json", "edge.json.last-good"]);
    expect(await readRangesFolder(folder)).toEqual({ lists: [next], refused: [] });
  });

  test("leaves everything as it was when a list is refused", async () => {
    await updateRanges(folder, current);
    const refused = await updateRanges(folder, listOf(["52.1.0.0/16"]));
    expect(refused).toMatchObject({ kind: "refused", issues: [{ code: "RANGES_SHRUNK" }, {}, {}] });
    expect(await updateRanges(folder, { ...current, sha256: "0".repeat(64) })).toMatchObject({
      issues: [{ code: "RANGES_DIGEST_MISMATCH" }],
    });
    expect(readdirSync(folder)).toEqual(["edge.json"]);
    expect(readFileSync(join(folder, "edge.json"), "utf8")).toBe(formatRangeList(current));
  });

  test("compares the first list of a built-in provider with what is built in", async () => {
    const list = listOf(["173.245.48.0/20"], { provider: "cloudflare", retrievedAt: "2026-11-20" });
    expect(await updateRanges(folder, list)).toMatchObject({ kind: "refused", issues: [{ code: "RANGES_SHRUNK" }, {}, {}] });
  });

  test("refuses ranges that a standard fixes", async () => {
    const update = await updateRanges(folder, listOf(["52.1.0.0/16"], { provider: "private" }));
    expect(update).toMatchObject({ kind: "refused", issues: [{ code: "RANGES_PROVIDER_FIXED" }] });
    writeFileSync(join(folder, "private.json"), formatRangeList(listOf(["52.1.0.0/16"], { provider: "private" })));
    expect((await openRangesFolder(folder)).current().get("private")).toBe(ALL_PROVIDERS.get("private"));
  });

  test("uses the last good copy of a broken file, and says that it is broken", async () => {
    await updateRanges(folder, current);
    await updateRanges(folder, listOf([...current.prefixes, "52.5.0.0/16"]));
    writeFileSync(join(folder, "edge.json"), '{"provider":');
    expect(await readRangesFolder(folder)).toMatchObject({ lists: [current], refused: [{ issues: [{ code: "RANGES_FILE_UNREADABLE" }] }] });
  });

  test("refuses a file under another provider's name", async () => {
    writeFileSync(join(folder, "other.json"), formatRangeList(current));
    expect(await readRangesFolder(folder)).toMatchObject({ lists: [], refused: [{ issues: [{ code: "RANGES_NOT_A_LIST" }] }] });
  });

  test("a folder that is a file is told on an update, and a folder that is not there is empty", async () => {
    writeFileSync(join(folder, "file"), "");
    expect(await updateRanges(join(folder, "file"), current)).toMatchObject({
      kind: "refused",
      issues: [{ code: "RANGES_FILE_UNWRITABLE" }],
    });
    expect(await readRangesFolder(join(folder, "none"))).toEqual({ lists: [], refused: [] });
  });

  test("a live resolver takes new ranges at its refresh, and goes on when they are gone bad", async () => {
    await updateRanges(folder, current);
    const ranges = await openRangesFolder(folder);
    const policy = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["provider:edge"] } };
    const resolver = createLiveResolver(policy, { ranges });
    const clientFor = (peer: string) => resolver.resolve(evidenceOfFields(peer, [["X-Forwarded-For", "203.0.113.7"]])).ip;
    expect([clientFor("52.1.0.1"), clientFor("52.5.0.1")]).toEqual(["203.0.113.7", "52.5.0.1"]);

    await updateRanges(folder, listOf([...current.prefixes, "52.5.0.0/16"]));
    expect(clientFor("52.5.0.1")).toBe("52.5.0.1");
    expect(await ranges.reload()).toEqual([]);
    expect(resolver.refresh()).toEqual({ kind: "applied" });
    expect([clientFor("52.1.0.1"), clientFor("52.5.0.1")]).toEqual(["203.0.113.7", "203.0.113.7"]);

    rmSync(join(folder, "edge.json.last-good"));
    writeFileSync(join(folder, "edge.json"), "");
    expect(await ranges.reload()).toHaveLength(1);
    expect(resolver.refresh()).toEqual({ kind: "applied" });
    expect(clientFor("52.5.0.1")).toBe("203.0.113.7");
  });
});
