import { expect, test } from "vitest";
import { advise } from "wherefrom";
import { type AdvisedPolicy, reachesSeverity, toGithubAnnotations, toSarif, toText } from "../src/advisory-report.ts";
import { readJsonLines } from "../src/json-lines.ts";

const text = `{
  "trustedProxiesAlgorithm": {
    "ipHeaderName": "X-Forwarded-For",
    "trustedProxies": [
      "10.0.0.0/8",
      "104.16.0.0/12", "unix:"
    ]
  }
}
`;
const file = "deploy/my policy.json";
const advised: readonly AdvisedPolicy[] = [{ file, text, advisories: advise(text) }];

test("text says where, what, why and the way out, the worst first", () => {
  expect(toText(advised).split("\n")).toEqual([
    `${file}:6 error ADVISORY_TRUSTS_USER_EGRESS /trustedProxiesAlgorithm/trustedProxies/1`,
    "  104.16.0.0/12 has addresses of 104.28.0.0/16: Cloudflare WARP and iCloud Private Relay",
    expect.stringMatching(/^ {2}Why: /),
    expect.stringMatching(/^ {2}Fix: /),
    `${file}:6 note ADVISORY_UNIX_WITH_TCP /trustedProxiesAlgorithm/trustedProxies/2`,
    "  unix: stands in one list with addresses",
    expect.stringMatching(/^ {2}Why: /),
    expect.stringMatching(/^ {2}Fix: /),
    "errors: 1, warnings: 0, notes: 1",
    "",
  ]);
});

test("annotations are one workflow command a line", () => {
  const lines = toGithubAnnotations(advised).trimEnd().split("\n");
  expect(
    lines.map((line) =>
      line
        .replace(/::[^:]+$/, "")
        .split("::")
        .slice(0, 2)
        .join("::"),
    ),
  ).toEqual([
    expect.stringMatching(/^::error file=deploy\/my policy\.json,line=6,title=ADVISORY_TRUSTS_USER_EGRESS/),
    expect.stringMatching(/^::notice file=deploy\/my policy\.json,line=6,title=ADVISORY_UNIX_WITH_TCP/),
  ]);
});

test("a text with line ends cannot start a command of its own", () => {
  const [advisory] = advise("{}");
  const hostile = { ...advisory, summary: "a\r\n::set-output name=x::100%" } as NonNullable<typeof advisory>;
  const [line, ...more] = toGithubAnnotations([{ file: "a,b:c\n", text: "{}", advisories: [hostile] }])
    .trimEnd()
    .split("\n");
  expect(more).toEqual([]);
  expect(line).toMatch(/^::warning file=a%2Cb%3Ac%0A,line=1,title=ADVISORY_NOTHING_CONFIGURED::a%0D%0A::set-output name=x::100%25\./);
});

test("SARIF names each rule once and places each result", () => {
  const twice = toSarif([...advised, { file: "b.json", text: "{}", advisories: advise("{}") }], {
    version: "1.2.3",
    helpUriOf: (code) => `https://example.com/${code}`,
  });
  const [run] = twice.runs;
  expect(run?.tool.driver).toMatchObject({ name: "wherefrom", version: "1.2.3" });
  expect(run?.tool.driver.rules.map(({ id, helpUri }) => `${id} ${helpUri}`)).toEqual(
    ["ADVISORY_NOTHING_CONFIGURED", "ADVISORY_TRUSTS_USER_EGRESS", "ADVISORY_UNIX_WITH_TCP"].map(
      (code) => `${code} https://example.com/${code}`,
    ),
  );
  for (const result of run?.results ?? []) expect(run?.tool.driver.rules[result.ruleIndex]?.id).toBe(result.ruleId);
  expect(
    run?.results.map(({ level, locations: [{ physicalLocation, logicalLocations }] }) => [
      level,
      physicalLocation,
      logicalLocations[0].fullyQualifiedName,
    ]),
  ).toEqual([
    [
      "error",
      { artifactLocation: { uri: "deploy/my%20policy.json" }, region: { startLine: 6 } },
      "/trustedProxiesAlgorithm/trustedProxies/1",
    ],
    [
      "note",
      { artifactLocation: { uri: "deploy/my%20policy.json" }, region: { startLine: 6 } },
      "/trustedProxiesAlgorithm/trustedProxies/2",
    ],
    ["warning", { artifactLocation: { uri: "b.json" }, region: { startLine: 1 } }, ""],
  ]);
});

const severities = [
  { severity: "error", isReached: true },
  { severity: "warning", isReached: true },
  { severity: "note", isReached: true },
] as const;

test.each(severities)("an error reaches $severity", ({ severity, isReached }) => {
  expect(reachesSeverity(advised, severity)).toBe(isReached);
  expect(reachesSeverity([{ file, text, advisories: [] }], severity)).toBe(!isReached);
});

const lines = [
  { pointer: "", line: 1 },
  { pointer: "/trustedProxiesAlgorithm", line: 2 },
  { pointer: "/trustedProxiesAlgorithm/trustedProxies", line: 4 },
  { pointer: "/trustedProxiesAlgorithm/trustedProxies/0", line: 5 },
  { pointer: "/trustedProxiesAlgorithm/trustedProxies/2", line: 6 },
  { pointer: "/trustedProxiesAlgorithm/ipHeaderIndex", line: 2 },
  { pointer: "/fallback", line: 1 },
];

test.each(lines)("$pointer stands in line $line", ({ pointer, line }) => {
  expect(readJsonLines(text).lineOf(pointer)).toBe(line);
});

test("lines are told past escapes, nested values and numbers", () => {
  const odd = '{"a\\"/~": [{}, [], -1.5e3,\n true, "x\\\\"],\n"b": null}';
  expect(readJsonLines(odd).lineOf('/a"~1~0/3')).toBe(2);
  expect(readJsonLines(odd).lineOf("/b")).toBe(3);
  expect(readJsonLines("{").lineOf("/b")).toBe(1);
});
