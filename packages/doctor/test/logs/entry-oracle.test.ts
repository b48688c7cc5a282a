import { kindOfAddress } from "@wherefrom/diagnosis";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createResolver, PROVIDERS, parsePolicy } from "wherefrom";
import { parseLogFormat } from "../../src/access-log/format/choose-format.ts";
import type { LogFormat } from "../../src/access-log/format/log-format.ts";
import { subjectsFor } from "../../src/access-log/judge/subjects.ts";
import type { ScanPlan } from "../../src/access-log/scan/scan-plan.ts";
import { createScan } from "../../src/access-log/scan/scan-units.ts";
import { estimateDistinct } from "../../src/access-log/tally/distinct.ts";
import { createFigures, mergeFigures } from "../../src/access-log/tally/figures.ts";

type Line = { readonly peer: string; readonly chain: string; readonly realIp: string; readonly status: number };

const format: LogFormat = {
  kind: "text",
  name: "it",
  layout: parseLogFormat("escape=none $remote_addr|$http_x_forwarded_for|$http_forwarded|$http_x_real_ip|$status"),
};

const policies: readonly Readonly<Record<string, unknown>>[] = [
  { peerAddressAlgorithm: {} },
  { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -2, trustedPeers: ["10.0.0.0/8"] } },
  {
    headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1, trustedPeers: ["10.0.0.0/8", "unix:"] },
    fallback: "REJECT",
  },
  { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: 0, trustedPeers: ["203.0.113.7"] }, fallback: "PEER" },
  { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: 1 } },
  { headerIndexAlgorithm: { ipHeaderName: "x-real-ip", ipHeaderIndex: 0 }, fallback: "PEER" },
  { peerAddressAlgorithm: {}, fallback: "REJECT" },
  {
    firstMatchAlgorithm: {
      algorithms: [
        { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8"] } },
        { peerAddressAlgorithm: {} },
      ],
    },
  },
  { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8", "2001:db8::/32", "unix:"] } },
  { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.1", "::1/128"] }, fallback: "REJECT" },
  { trustedProxiesAlgorithm: { ipHeaderName: "Forwarded", trustedProxies: ["10.0.0.0/8"] }, fallback: "DEFAULT" },
  { singleHeaderAlgorithm: { ipHeaderName: "X-Real-IP", trustedPeers: ["10.0.0.0/8"] }, fallback: "REJECT" },
];

/** Few addresses, so that many are trusted and many come again. */
const pool = ["10.0.0.1", "10.0.0.2", "2001:db8::1", "203.0.113.7", "203.0.113.8", "192.168.1.1", "2a00::7", "127.0.0.1"];
const plain = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...pool) },
  { weight: 1, arbitrary: fc.ipV4() },
  { weight: 1, arbitrary: fc.ipV6() },
);
const odd = fc.constantFrom(
  "unknown",
  "-",
  "0.0.0.0",
  "::",
  "::ffff:10.0.0.1",
  "::FFFF:203.0.113.7",
  "203.0.113.7:443",
  "[2001:db8::1]:443",
  "[2001:db8::1]",
  "fe80::1%eth0",
  "010.0.0.1",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "1.2.3.",
  "2001:DB8::1",
  "2001:db8:0:0::1",
  "64:ff9b::1.2.3.4",
  "é",
  "a".repeat(50),
  "10.0.0.1 10.0.0.2",
);
const element = fc.oneof({ weight: 9, arbitrary: plain }, { weight: 1, arbitrary: odd });
const chain = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom("", "-", ",", " , ", "-, 10.0.0.1") },
  {
    weight: 8,
    arbitrary: fc.array(fc.tuple(element, fc.constantFrom(", ", ",", " ,\t", ",, ")), { maxLength: 6 }).map((elements) =>
      elements
        .map(([text, comma]) => text + comma)
        .join("")
        .replace(/[, \t]+$/, ""),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(plain, fc.integer({ min: 14, max: 70 })).map(([text, times]) => Array(times).fill(text).join(",")) },
  { weight: 1, arbitrary: plain.map((text) => `${text}${" ".repeat(1_100)}, 10.0.0.1`) },
);
const line: fc.Arbitrary<Line> = fc.record({
  peer: fc.oneof(
    { weight: 6, arbitrary: plain },
    { weight: 1, arbitrary: odd.filter((text) => !text.includes(" ")) },
    { weight: 1, arbitrary: fc.constantFrom("-", "unix:") },
  ),
  chain,
  realIp: fc.oneof(plain, fc.constant("-")),
  status: fc.constantFrom(200, 101),
});

/** What a policy makes of lines, each resolved by itself. */
function resolveSlowly(lines: readonly Line[], { policy, header }: { policy: Readonly<Record<string, unknown>>; header: string }) {
  const resolver = createResolver(parsePolicy(policy, { providers: PROVIDERS }));
  const sums = {
    lines: lines.length,
    verified: 0,
    outcomes: {},
    reasons: {},
    kinds: {},
    families: {},
    addresses: new Map<string, number>(),
  };
  const add = (into: Record<string, number>, name: string): void => {
    into[name] = (into[name] ?? 0) + 1;
  };
  for (const { peer, chain: text, realIp } of lines) {
    const { ip, outcome, reason, trust, family } = resolver.resolve({
      peer: peer === "-" || peer === "unix:" ? undefined : Buffer.from(peer).toString("latin1"),
      lines: (name) => {
        const value = name === header ? text : name === "x-real-ip" ? realIp : "-";
        return value === "-" || value === "" ? [] : [Buffer.from(value).toString("latin1")];
      },
    });
    add(sums.outcomes, outcome);
    if (reason !== undefined) add(sums.reasons, reason);
    if (ip === null) continue;
    if (trust === "verified") sums.verified++;
    add(sums.kinds, kindOfAddress(ip));
    add(sums.families, String(family));
    sums.addresses.set(ip, (sums.addresses.get(ip) ?? 0) + 1);
  }
  return sums;
}

test.each([
  { header: "x-forwarded-for", trusted: ["10.0.0.0/8", "2001:db8::/32"] },
  { header: "x-forwarded-for", trusted: ["203.0.113.7/32", "unix:"] },
  { header: "forwarded", trusted: ["10.0.0.0/8"] },
])(
  "every policy and every alternative counts lines as its resolver resolves them, by $header with $trusted trusted",
  async ({ header, trusted }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 150 }), async (lines) => {
        const alternatives = subjectsFor({ policy: {}, chainHeader: header, trusted, depth: 3 });
        const subjects = [...alternatives, ...policies.map((policy, at) => ({ id: `policy ${at}`, policy }))];
        const plan: ScanPlan = { subjects, providers: PROVIDERS, chainHeader: header };
        const scan = createScan(plan, { isStopped: () => false, onProgress: () => undefined });
        const text = lines
          .map(
            ({ peer, chain: value, realIp, status }) =>
              `${peer}|${header === "forwarded" ? `-|${value}` : `${value}|-`}|${realIp}|${status}\n`,
          )
          .join("");
        const bytes = async function* () {
          yield Buffer.from(text);
        };
        await scan.stream(bytes(), { index: 0, format });
        const tally = scan.finish();
        expect({ lines: tally.lines, malformed: tally.malformed }).toEqual({ lines: lines.length, malformed: 0 });
        for (const [subject, { id, policy: one }] of subjects.entries()) {
          const figures = createFigures();
          for (const cell of tally.cells) mergeFigures(figures, cell.subjects[subject] ?? createFigures(), 1_000);
          const { addresses, distinct, providers: _, ...counts } = figures;
          expect({ id, ...counts, addresses: addresses.counts, error: addresses.error }).toEqual({
            id,
            ...resolveSlowly(lines, { policy: one, header }),
            error: 0,
          });
          // two addresses may share a register
          expect(Math.abs(estimateDistinct(distinct) - addresses.counts.size)).toBeLessThanOrEqual(5);
        }
      }),
      { numRuns: 12 },
    );
  },
);
