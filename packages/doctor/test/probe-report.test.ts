import { advise, diagnose, LANGUAGES, parseFacts, readCatalogue } from "@wherefrom/diagnosis";
import { describe, expect, test } from "vitest";
import { compareProbes, type SecondRole } from "../src/compare/compare-probes.ts";
import { learnPath } from "../src/path/learned-path.ts";
import { factsOfPath } from "../src/path/path-facts.ts";
import { proposePolicy } from "../src/path/propose-policy.ts";
import type { ProbeFinding } from "../src/probe/probe-finding.ts";
import { compareDocument } from "../src/report/compare-report.ts";
import { type ProbeReport, probeDocument } from "../src/report/probe-report.ts";
import { REPORT_FORMATS, writeDocument } from "../src/report/write-document.ts";
import { append, overwrite, type PathUnderTest, passOn, runOver } from "./run-over.ts";

const catalogue = readCatalogue();
const CLIENT = "93.184.216.34";

function findingOf(path: PathUnderTest): ProbeFinding {
  const run = { ...runOver(path), ...(path.client !== "127.0.0.1" && { told: { clients: [CLIENT] } }) };
  const learned = learnPath(run);
  return { path: learned, proposal: proposePolicy(learned, run), facts: factsOfPath(learned, run) };
}

function reportOf(finding: ProbeFinding): ProbeReport {
  const reading = parseFacts(finding.facts, catalogue);
  if (reading.kind === "refused") throw new Error("The facts of a probe are facts");
  const diagnosis = diagnose(catalogue, reading.facts);
  return { finding, diagnosis, advice: advise(catalogue, { facts: reading.facts, diagnosis }) };
}

const paths: { says: string; path: PathUnderTest; holds: string }[] = [
  {
    says: "two proxies",
    path: { pass: (fields) => append("8.8.4.4")(append(CLIENT)(fields)), peer: "9.9.9.9" },
    holds: '"ipHeaderIndex": -2',
  },
  { says: "a proxy that overwrites", path: { pass: overwrite(CLIENT), peer: "9.9.9.9" }, holds: "in place of what was claimed" },
  { says: "a silent proxy", path: { pass: passOn, peer: "9.9.9.9" }, holds: "proxy or router 9.9.9.9: writes nothing" },
  {
    says: "a router that rewrites",
    path: { pass: passOn, peer: "9.9.9.9", keepsPort: true },
    holds: "router 9.9.9.9: rewrites the source",
  },
  {
    says: "a proxy, by its round trip",
    path: { pass: passOn, peer: "9.9.9.9", roundTrip: { applicationMs: 40, tcpMs: 0.1 } },
    holds: "proxy 9.9.9.9: opens its own connection",
  },
  { says: "nothing", path: { pass: passOn, peer: CLIENT, client: CLIENT, keepsPort: true }, holds: "nothing that hides the client" },
  {
    says: "a proxy on the client's own machine",
    path: { pass: append("127.0.0.1"), peer: "127.0.0.1", client: "127.0.0.1" },
    holds: "or here with --from 127.0.0.2",
  },
  {
    says: "a path without WebSockets",
    path: { pass: (fields, { transport }) => (transport === "http" ? append(CLIENT)(fields) : 400), peer: "9.9.9.9" },
    holds: "No fault was found in what the service saw",
  },
  { says: "nobody", path: { pass: () => 403, peer: "9.9.9.9" }, holds: "the service saw none of the requests" },
];

describe.each(paths)("the report of $says", ({ path, holds }) => {
  const report = reportOf(findingOf(path));

  test("draws it", () => {
    expect(writeDocument(probeDocument(report, "en"), { format: "text", showsAll: true })).toContain(holds);
  });

  test.each(LANGUAGES)("in %s fills every slot, and shows nobody's address when it is passed on", (language) => {
    for (const format of REPORT_FORMATS) {
      const shared = writeDocument(probeDocument(report, language), { format, showsAll: false });
      expect(shared).not.toMatch(/(?<![$\\{])\{[a-z]+\}|undefined/i);
      // the terminal is for whoever asked
      if (format !== "text") expect(shared).not.toMatch(/9\.9\.9\.9|8\.8\.4\.4|93\.184|198\.18|10\.77/);
    }
  });
});

test("what a path writes can steer nothing", () => {
  const hostile = "\x1b[2J<script>\x9b31m`|";
  const text = (format: (typeof REPORT_FORMATS)[number]): string =>
    writeDocument(probeDocument(reportOf(findingOf({ pass: append(hostile), peer: "9.9.9.9" })), "en"), { format, showsAll: true });
  for (const format of REPORT_FORMATS) expect(text(format)).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f]/);
  expect(text("html")).not.toContain("<script>");
});

describe("two probes side by side", () => {
  const wrong: PathUnderTest = { pass: passOn, peer: "10.0.0.1", keepsPort: true, host: { isPeerDefaultGateway: true } };
  const right: PathUnderTest = { pass: passOn, peer: CLIENT, keepsPort: true };

  const roles: { role: SecondRole; second: PathUnderTest; facts: object; ruledOut: readonly string[] }[] = [
    { role: "neighbour", second: right, facts: { "cmp.otherServiceReal": true }, ruledOut: ["global-masquerade"] },
    { role: "neighbour", second: wrong, facts: { "cmp.otherServiceReal": false }, ruledOut: [] },
    { role: "lan", second: right, facts: { "cmp.lanDirectReal": true }, ruledOut: [] },
  ];

  test.each(roles)("a $role gives $facts and rules out $ruledOut", ({ role, second, facts, ruledOut }) => {
    const comparison = compareProbes(catalogue, { first: findingOf(wrong), second: findingOf(second), role });
    expect(comparison.facts).toEqual(facts);
    expect(comparison.ruledOut).toEqual(expect.arrayContaining([...ruledOut]));
    if (ruledOut.length === 0) expect(comparison.ruledOut).toEqual([]);
  });

  test("only clients inside are wrong when the outside is right", () => {
    const comparison = compareProbes(catalogue, { first: findingOf(right), second: findingOf(wrong), role: "inside" });
    expect(comparison.facts).toEqual({ "cmp.insideOnly": true });
  });

  test.each(LANGUAGES)("without a fault has no causes, in %s", (language) => {
    const comparison = compareProbes(catalogue, { first: findingOf(right), second: findingOf(right), role: "neighbour" });
    const advice = advise(catalogue, { facts: comparison.allFacts, diagnosis: comparison.diagnosis });
    const { blocks } = compareDocument({ comparison, advice, hasFault: false }, language);
    expect(blocks.map(({ kind }) => kind)).toEqual(["paragraph", "paragraph"]);
  });

  test.each(LANGUAGES)("is told in %s", (language) => {
    const comparison = compareProbes(catalogue, { first: findingOf(wrong), second: findingOf(right), role: "neighbour" });
    const advice = advise(catalogue, { facts: comparison.allFacts, diagnosis: comparison.diagnosis });
    const text = writeDocument(compareDocument({ comparison, advice, hasFault: true }, language), { format: "markdown", showsAll: false });
    expect(text).toContain("global-masquerade");
    expect(text).not.toMatch(/93\.184|10\.0\.0\.1\b|undefined/);
    expect(text).toContain("private-1");
  });
});
