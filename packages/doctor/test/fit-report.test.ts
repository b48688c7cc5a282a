import { LANGUAGES } from "@wherefrom/diagnosis";
import { expect, test } from "vitest";
import { type FitReport, fitDocument } from "../src/report/fit-report.ts";
import { fitEn } from "../src/report/words/fit-en.ts";
import { writeDocument } from "../src/report/write-document.ts";

const kinds = Object.keys(fitEn).flatMap((key) => (key.startsWith("fitFinding.") ? [key.slice("fitFinding.".length)] : []));

const misfit: FitReport = {
  name: "prod",
  revisionId: "7",
  verdict: "MISFITS",
  requests: 200,
  fallbacks: { "index-out-of-range": 80 },
  rejections: { "hop-not-an-address": 11 },
  privateResults: 3,
  providerResults: 5,
  topAddressRequests: 100,
  hopsHeader: "X-Real-Chain",
  hops: { 1: 80, 2: 120 },
  findings: kinds.map((kind, index) => ({ kind, share: (index + 1) / 100, ...(index === 0 && { reasons: { "peer-unknown": 0.0077 } }) })),
  causes: ["hop-count-high"],
  undecided: true,
  proposal: { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1 } },
  openMisfit: { since: "2026-01-02T03:04:05.678Z", revisionId: "6", findings: [{ kind: "fallbacks", share: 0.4 }] },
};

function textOf(report: Partial<FitReport>, language: (typeof LANGUAGES)[number] = "en"): string {
  return writeDocument(fitDocument({ ...misfit, ...report }, language), { format: "text", showsAll: true });
}

test.each(LANGUAGES)("in %s a misfit tells the same: since when, which signs, what may be behind it, and what would fit", (language) => {
  const text = textOf({}, language);
  for (const told of [
    "2026-01-02 03:04:05 UTC",
    "40.0 %",
    "hop-count-high",
    '"ipHeaderIndex": -1',
    "wherefrom env diagnose prod",
    "hop-not-an-address",
    "X-Real-Chain",
    "peer-unknown 0.8 %",
    ...kinds,
  ])
    expect(text).toContain(told);
  expect(text).not.toMatch(/\{[a-zA-Z]+\}/);
});

test("what the watch still holds is told with what it saw, also when there is too little to say now", () => {
  const text = textOf({ verdict: "UNKNOWN", requests: 0, findings: [], causes: [], undecided: false, hops: {}, fallbacks: {} });
  expect(text).toContain("too few requests to say");
  expect(text).toContain("last seen under revision 6: fallbacks 40.0 %");
  expect(text).not.toContain(fitEn.fitCauses);
});
