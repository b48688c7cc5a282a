import { describe, expect, test } from "vitest";
import { createResolver, type Evidence, evidenceOfFields, PolicyError, parseAddress, parsePolicy } from "../src/index.ts";
import type { Explanation } from "../src/resolve/explanation.ts";
import type { Resolution } from "../src/resolve/resolution.ts";
import {
  type AddressRow,
  answerOf,
  type ForwardedHop,
  type ForwardedRow,
  type ListRow,
  listCases,
  type PolicyRow,
  type PrefixRow,
  readCases,
  readResolveCases,
} from "./corpus.ts";
import { oracleResolve } from "./oracle/resolve.ts";

const PEER = "192.0.2.200";

function resolutionOf(explanation: Explanation): Resolution {
  const { peer: _peer, hops: _hops, unlistedHops: _unlistedHops, sentences: _sentences, ...resolution } = explanation;
  return resolution;
}

function indexed(ipHeaderName: string, ipHeaderIndex: number) {
  return createResolver(parsePolicy({ headerIndexAlgorithm: { ipHeaderName, ipHeaderIndex }, fallback: "REJECT" }));
}

function evidenceOfLines(name: string, lines: readonly string[]): Evidence {
  return evidenceOfFields(
    PEER,
    lines.map((line) => [name, line] as const),
  );
}

function issuesOf(policy: unknown): PolicyError["issues"] {
  try {
    parsePolicy(policy);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.issues;
  }
}

function faultsOf(policy: unknown): readonly string[] {
  return issuesOf(policy)
    .map((issue) => issue.pointer)
    .toSorted();
}

describe.each(listCases("resolve"))("%s", (file) => {
  const rows = readResolveCases(file);

  test("has a name of its own for each row", () => {
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
  });

  test.each(rows)("$name", ({ peer, headers, policy, expect: expected }) => {
    const resolver = createResolver(parsePolicy(policy));
    const evidence = evidenceOfFields(peer ?? undefined, headers);
    const resolution = resolver.resolve(evidence);
    expect(answerOf(resolution)).toEqual(expected);
    expect(resolution.family).toBe(expected.ip === null ? null : expected.ip.includes(":") ? 6 : 4);
    expect(resolutionOf(resolver.explain(evidence))).toEqual(resolution);
  });

  test.each(rows)("the oracle says: $name", ({ peer, headers, policy, expect: expected }) => {
    expect(answerOf(oracleResolve(policy, { peer: peer ?? undefined, headers }))).toEqual(expected);
  });
});

describe("ip/addresses.json", () => {
  const rows = readCases<AddressRow>("ip/addresses.json");

  test.each(rows)("the hop $text is $canonical", ({ text, canonical, port }) => {
    const resolution = indexed("X-Chain", -1).resolve(evidenceOfLines("X-Chain", [text]));
    const reason = /[\r\n\0]/.test(text) ? "header-malformed" : "hop-not-an-address";
    const expected = canonical === null ? { ip: null, reason } : { ip: canonical, port };
    expect(resolution).toMatchObject(canonical === null || port !== undefined ? expected : { ip: canonical });
    if (port === undefined) expect(resolution.port).toBeUndefined();
  });

  test.each(rows.filter((row) => row.form === "address"))("the address $text is $canonical", ({ text, canonical }) => {
    expect(parseAddress(text)?.text ?? null).toBe(canonical);
  });

  test.each(rows.filter((row) => row.canonical !== null))("the canonical text of $text reads as itself", ({ canonical }) => {
    expect(parseAddress(canonical ?? "")?.text).toBe(canonical);
  });
});

describe("ip/prefixes.json", () => {
  test.each(readCases<PrefixRow>("ip/prefixes.json"))(
    "the trust list entry $text is $canonical",
    ({ text, canonical, suggestion, inside, outside }) => {
      const policy = (entry: string) => ({ trustedProxiesAlgorithm: { ipHeaderName: "X-Chain", trustedProxies: [entry] } });
      if (canonical === null) {
        expect(faultsOf(policy(text))).toEqual(["/trustedProxiesAlgorithm/trustedProxies/0"]);
        expect(issuesOf(policy(text)).map(({ expected }) => expected.split(", as in ")[1])).toEqual([suggestion]);
        return;
      }
      for (const entry of [text, canonical]) {
        const resolver = createResolver(parsePolicy(policy(entry)));
        const clientFor = (peer: string) => resolver.resolve(evidenceOfFields(peer, [["X-Chain", "198.18.0.99"]])).ip;
        for (const peer of inside ?? []) expect(`${peer}: ${clientFor(peer)}`).toBe(`${peer}: 198.18.0.99`);
        for (const peer of outside ?? []) expect(clientFor(peer)).not.toBe("198.18.0.99");
      }
    },
  );
});

describe("an explanation of a header that is refused for its hops", () => {
  const chain = (count: number, from: string): string => new Array<string>(count).fill(from).join(", ");
  const xff = "X-Forwarded-For";
  const rows = [
    {
      what: "trusted proxies",
      policy: { trustedProxiesAlgorithm: { ipHeaderName: xff, trustedProxies: [PEER, "10.0.0.0/8"] } },
      count: 66,
    },
    { what: "an index from the right", policy: { headerIndexAlgorithm: { ipHeaderName: xff, ipHeaderIndex: -66 } }, count: 66 },
    { what: "an index from the left", policy: { headerIndexAlgorithm: { ipHeaderName: xff, ipHeaderIndex: 65 } }, count: 66 },
    { what: "no policy", policy: {}, count: 66 },
    { what: "a header of one hop", policy: { singleHeaderAlgorithm: { ipHeaderName: xff, trustedPeers: [PEER] } }, count: 2 },
  ];

  test.each(rows)("lists or counts each of them: $what", ({ policy, count }) => {
    const resolver = createResolver(parsePolicy(policy));
    const { hops, unlistedHops } = resolver.explain(evidenceOfLines(xff, [chain(count, "10.0.0.7")]));
    expect(hops.length + unlistedHops).toBe(count);
    expect(hops.length).toBeLessThanOrEqual(64);
  });
});

describe("header/list-elements.json", () => {
  test.each(readCases<ListRow>("header/list-elements.json"))("$name", ({ lines, elements }) => {
    const evidence = evidenceOfLines("X-Chain", lines);
    const read = elements.map((_, index) => indexed("X-Chain", index).resolve(evidence));
    expect(read.map((resolution) => resolution.ip)).toEqual(elements.map((element) => parseAddress(element)?.text ?? null));
    const past = indexed("X-Chain", elements.length).resolve(evidence).reason;
    expect(past).toBe(elements.length === 0 ? "header-absent" : "index-out-of-range");
    const { hops, unlistedHops } = indexed("X-Chain", 0).explain(evidence);
    expect(hops.length + unlistedHops).toBe(elements.length);
    const isPrintable = elements.every((element) => /^[ -[\]-~]{0,60}$/.test(element));
    if (isPrintable) expect(hops.map((hop) => hop.text).toReversed()).toEqual(elements);
  });
});

describe("header/forwarded.json", () => {
  const said = (hop: ForwardedHop) =>
    "ip" in hop
      ? { ip: hop.ip, port: hop.port, reason: undefined }
      : { ip: null, port: undefined, reason: hop.reason ?? "hop-not-an-address" };

  test.each(readCases<ForwardedRow>("header/forwarded.json"))("$name", ({ lines, hops }) => {
    const evidence = evidenceOfLines("Forwarded", lines);
    const fromLeft = hops.map((_, index) => indexed("Forwarded", index).resolve(evidence));
    const fromRight = hops.map((_, index) => indexed("Forwarded", index - hops.length).resolve(evidence));
    for (const read of [fromLeft, fromRight]) {
      expect(read.map(({ ip, port, reason }) => ({ ip, port, reason }))).toEqual(hops.map(said));
    }
    const past = indexed("Forwarded", hops.length).resolve(evidence).reason;
    expect(past).toBe(hops.length === 0 ? "header-absent" : "index-out-of-range");
  });
});

describe.each(listCases("policy"))("%s", (file) => {
  test.each(readCases<PolicyRow>(file))("$name", ({ policy, faults }) => {
    expect(faultsOf(policy)).toEqual([...(faults ?? [])].toSorted());
  });
});
