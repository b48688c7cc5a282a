import { describe, expect, test } from "vitest";
import { parsePolicy } from "wherefrom";
import { type Clue, type FactValue, holds, LAYERS, type Signal } from "../src/causes/cause.ts";
import { LANGUAGES, readCatalogue, readWords } from "../src/causes/read-catalogue.ts";
import type { Advice } from "../src/diagnose/advice.ts";
import { readCases, type Scenario } from "./cases.ts";
import { causesSchema, examinationsSchema, signalsSchema, wordsSchema } from "./schema.ts";

const catalogue = readCatalogue();
const { signals, examinations, causes } = catalogue;
const scenarios = readCases<Scenario>("causes/scenarios.json");

test("the catalogue has all causes, signals and examinations, each of them once", () => {
  expect({ causes: causes.length, signals: signals.size, examinations: examinations.size }).toEqual({
    causes: 54,
    signals: 51,
    examinations: 20,
  });
  expect(new Set(causes.map(({ id }) => id)).size).toBe(causes.length);
  // a name twice would have been lost in the maps
  expect(readCases<{ name: string }>("causes/signals.json").length).toBe(signals.size);
  expect(readCases<{ id: string }>("causes/tests.json").length).toBe(examinations.size);
});

test("every file fits its schema, and is read as the schema reads it", () => {
  expect([...signals.values()]).toEqual(signalsSchema.parse(readCases("causes/signals.json")));
  expect([...examinations.values()]).toEqual(examinationsSchema.parse(readCases("causes/tests.json")));
  expect(causes).toEqual(LAYERS.flatMap((layer) => causesSchema(layer).parse(readCases(`causes/${layer}.json`))));
  for (const language of LANGUAGES)
    expect(readWords(language)).toEqual(wordsSchema.parse(readCases<unknown>(`causes/text/${language}.json`)));
});

test("every signal is learned by an examination, and examinations learn nothing else", () => {
  const learned = new Set([...examinations.values()].flatMap(({ reveals }) => reveals));
  expect([...learned].sort()).toEqual([...signals.keys()].sort());
});

test("every signal speaks for or against a cause, and never for and against the same one at once", () => {
  const used = new Set(causes.flatMap((cause) => [...cause.for, ...cause.against]).map(({ signal }) => signal));
  expect([...signals.keys()].filter((name) => !used.has(name))).toEqual([]);
  const both = causes.flatMap((cause) =>
    [...signals.values()].flatMap((signal) =>
      valuesOf(signal, [...cause.for, ...cause.against]).flatMap((value) => {
        const says = (clues: readonly Clue[]): boolean => clues.some((clue) => clue.signal === signal.name && holds(clue.condition, value));
        return says(cause.for) && says(cause.against) ? [`${cause.id}: ${signal.name} = ${JSON.stringify(value)}`] : [];
      }),
    ),
  );
  expect(both).toEqual([]);
});

test("a fix on Wherefrom is a policy that it takes", () => {
  const policies = causes.flatMap(({ fixes }) => fixes.filter(({ on }) => on === "wherefrom").map((fix) => fix.do ?? ""));
  expect(policies.length).toBeGreaterThan(3);
  for (const policy of policies) expect(() => parsePolicy(JSON.parse(policy))).not.toThrow();
});

test("no command switches source NAT off without proof of the way back", () => {
  const isNatOff = /-[DR] POSTROUTING|remove-masquerade|nat disable|no-nat|masq='0'|nat set|snat-subnet-routes=false|nonMasquerade/;
  const off = causes.flatMap(({ id, fixes }) => fixes.map((fix) => ({ id, ...fix }))).filter(({ do: text = "" }) => isNatOff.test(text));
  expect(off.map(({ on }) => on).sort()).toEqual(
    ["firewalld", "fortigate", "huawei-usg", "ip-masq-agent", "iptables", "iptables", "mikrotik", "openwrt", "tailscale"].sort(),
  );
  expect(off.filter(({ needs }) => needs !== "return-route")).toEqual([]);
});

describe.each(causes)("$id", ({ id, for: inFavour, against, tests, fixes, verify, instead }) => {
  test("compares signals that exist with values that they can have, in no way twice", () => {
    const clues = [...inFavour, ...against];
    expect(clues.filter((clue) => !isPossible(clue, signals.get(clue.signal)))).toEqual([]);
    expect(new Set(clues.map(({ signal, condition }) => JSON.stringify([signal, condition]))).size).toBe(clues.length);
  });

  test("names examinations and causes that exist, and a settling one for what speaks most for it", () => {
    expect([...tests, ...verify].filter((name) => !examinations.has(name))).toEqual([]);
    expect(instead === undefined || causes.some((cause) => cause.id === instead)).toBe(true);
    const most = Math.max(...inFavour.map(({ weight }) => weight));
    const strongest = inFavour.filter(({ weight }) => weight === most).map(({ signal }) => signal);
    const learned = tests.flatMap((name) => examinations.get(name)?.reveals ?? []);
    expect(strongest.filter((signal) => learned.includes(signal))).not.toEqual([]);
  });

  test("has a fix a product, in commands or in words of every language", () => {
    expect(new Set(fixes.map(({ on }) => on)).size).toBe(fixes.length);
    for (const language of LANGUAGES) {
      const inWords = Object.keys(readWords(language).causes[id]?.fixes ?? {});
      expect(inWords.sort(), language).toEqual(
        fixes
          .filter((fix) => fix.do === undefined)
          .map(({ on }) => on)
          .sort(),
      );
    }
  });

  test("says what else there is where a fix has to be proven first", () => {
    if (fixes.some(({ needs }) => needs !== undefined)) expect(causes.some(({ id: other }) => other === instead)).toBe(true);
  });

  test("warns before a fix that can cut connections", () => {
    if (fixes.some(({ needs }) => needs !== undefined)) expect(readWords("en").causes[id]?.caution).toBeDefined();
  });

  test("explains a golden scenario", () => {
    expect(scenarios.map(({ expect: cause }) => cause)).toContain(id);
  });
});

/** All there are: the compiler holds the list against the type. */
const WARNINGS: Readonly<Record<Advice["warnings"][number], true>> = {
  "lost-below-http": true,
  "no-header-can-be-trusted": true,
  "prove-return-route": true,
  "return-route-missing": true,
  forgeable: true,
};

test.each(LANGUAGES)("%s has words for everything and for nothing else", (language) => {
  const words = readWords(language);
  expect(Object.keys(words.signals)).toEqual([...signals.keys()]);
  expect(Object.keys(words.warnings).sort()).toEqual(Object.keys(WARNINGS).sort());
  expect(Object.values(words.warnings).map((text) => text.match(/\{.*?\}/g) ?? [])).toEqual(
    Object.keys(words.warnings).map((warning) => (warning === "prove-return-route" ? ["{test}"] : [])),
  );
  expect(Object.keys(words.tests)).toEqual([...examinations.keys()]);
  expect(Object.keys(words.causes)).toEqual(causes.map(({ id }) => id));
  const cautions = (texts: typeof words): readonly string[] =>
    causes.map(({ id }) => id).filter((id) => texts.causes[id]?.caution !== undefined);
  expect(cautions(words)).toEqual(cautions(readWords("en")));
});

test("languages are languages: no text stands in two of them, but for names", () => {
  const [en, ...others] = LANGUAGES.map((language) => readWords(language));
  for (const words of others) expect(causes.filter(({ id }) => words.causes[id]?.title === en?.causes[id]?.title)).toEqual([]);
  expect(JSON.stringify(en)).not.toMatch(/[\u3000-\u9fff]/);
});

test("the schema refuses two comparisons in one clue, and a signal without values", () => {
  const cause = {
    id: "x",
    prior: 1,
    lostAt: "proxy",
    against: [{ signal: "a", is: true, weight: 1 }],
    tests: ["T1"],
    fixes: [{ on: "y" }],
    verify: ["T1"],
  };
  const judge = (clue: object): boolean => causesSchema("proxy").safeParse([{ ...cause, for: [clue] }]).success;
  expect([{ is: true }, { is: true, above: 3 }, {}].map((comparison) => judge({ signal: "a", weight: 1, ...comparison }))).toEqual([
    true,
    false,
    false,
  ]);
  expect(signalsSchema.safeParse([{ name: "a", type: "enum", cost: "low", how: "b" }]).success).toBe(false);
});

/** Values that between them meet each condition on a signal, and fail it. */
function valuesOf(signal: Signal, clues: readonly Clue[]): readonly FactValue[] {
  switch (signal.type) {
    case "boolean":
      return [true, false];
    case "enum":
      return signal.values;
    case "set":
      return [[], ...signal.values.map((value) => [value])];
    case "integer":
    case "number": {
      const bounds = clues.flatMap(({ condition: { value } }) => (typeof value === "number" ? [value] : []));
      return bounds.flatMap((bound) => [bound - 0.5, bound, bound + 0.5]);
    }
  }
}

function isPossible({ condition: { kind, value } }: Clue, signal: Signal | undefined): boolean {
  if (signal === undefined) return false;
  const isNumber = signal.type === "integer" || signal.type === "number";
  switch (kind) {
    case "is":
    case "isNot":
      if (signal.type === "enum") return typeof value === "string" && signal.values.includes(value);
      return isNumber ? typeof value === "number" : signal.type === "boolean" && typeof value === "boolean";
    case "in":
      return signal.type === "enum" && value.every((item) => signal.values.includes(item));
    case "has":
    case "lacks":
      return signal.type === "set" && signal.values.includes(value);
    case "atLeast":
    case "above":
    case "below":
      return isNumber;
  }
}
