import { LANGUAGES } from "@wherefrom/diagnosis";
import { describe, expect, test } from "vitest";
import { code, said } from "../src/lab/lab-text.ts";
import { LAB_FAULTS, type LabStep } from "../src/lab/run-fault.ts";
import { labFaultIn, labStepJson, labStepText } from "../src/report/lab-report.ts";
import { widthOf } from "../src/report/to-text.ts";

const HOSTILE = "\u001b[2J\u009b31m\u202e";
const fault = "nat-on";
const verified = { step: "verified", fault, isMended: true, client: "203.0.113.10", policy: undefined } as const;

const steps: readonly LabStep[] = [
  { step: "broken", fault, done: [said("labRule", { rule: "masquerade" }), code("ip route del default")] },
  { step: "seen", fault, isAnswered: true, peers: ["10.77.0.1"], client: "203.0.113.10" },
  { step: "seen", fault, isAnswered: false, peers: [], client: "203.0.113.10" },
  {
    step: "looked",
    fault,
    looked: [
      { known: { fact: "cmp.otherServiceReal", value: true }, how: said("labNeighbour", { peers: HOSTILE }) },
      { how: said("labStillAnswers") },
    ],
  },
  {
    step: "diagnosed",
    fault,
    cause: "snat-on-dnat-policy",
    isRight: false,
    undecided: true,
    score: 14.1,
    next: [{ id: "global-masquerade", score: 4.7 }],
    warnings: ["prove-return-route"],
  },
  { step: "mended", fault, done: [said("labRuleGoneToo")] },
  { ...verified, peers: ["203.0.113.10"], policy: { peerAddressAlgorithm: {} } },
  { ...verified, peers: [HOSTILE], isMended: false },
];

describe.each(LANGUAGES)("in %s", (language) => {
  test.each(steps)("$step fills every slot, stands in its columns, and steers no terminal", (step) => {
    const text = labStepText(step, language);
    expect(text).not.toMatch(/\{[a-z]+\}/i);
    expect(text).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    for (const line of text.split("\n").filter((told) => told !== "" && !told.startsWith(fault))) {
      const label = [...line].filter((_, index, all) => widthOf(all.slice(0, index + 1).join("")) <= 14).join("");
      expect({ line, ends: label.at(-1), goesOn: line.slice(label.length).startsWith(" ") }).toEqual({ line, ends: " ", goesOn: false });
    }
  });

  test("every fault is told, and none in another's words", () => {
    const about = LAB_FAULTS.map(({ name }) => labFaultIn(name, language));
    expect(new Set(about).size).toBe(LAB_FAULTS.length);
    if (language !== "en") expect(about.filter((text) => LAB_FAULTS.some(({ name }) => text === labFaultIn(name, "en")))).toEqual([]);
  });
});

test("a step is told in full", () => {
  expect(labStepText(steps[4] as LabStep, "en")).toBe(
    `  cause       snat-on-dnat-policy 14.1, not decided yet (then global-masquerade 4.7)
              that is not the cause that was made
              caution: Do not switch source NAT off yet. If the service's replies do not come back through the edge, that is an outage. Run T17 first.
`,
  );
});

test("for a program the texts are English, and nothing else changes", () => {
  expect(steps.map(labStepJson)).toMatchObject([
    { about: expect.stringMatching(/^The firewall rewrites/), done: ["firewall, postrouting: masquerade", "ip route del default"] },
    steps[1],
    steps[2],
    {
      looked: [
        { known: { fact: "cmp.otherServiceReal", value: true }, how: expect.stringContaining("\\x1b") },
        { how: "with NAT off for a moment it still answered" },
      ],
    },
    steps[4],
    { done: ["firewall, postrouting: then without it"] },
    steps[6],
    steps[7],
  ]);
});
