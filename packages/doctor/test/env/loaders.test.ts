import { afterAll, describe, expect, test } from "vitest";
import { capability } from "../../../../tools/capabilities.mjs";
import { DIALECT_NAMES, type DialectName, readDialect } from "../../src/env-files/dialect/table.ts";
import { corpusOf } from "./corpus.ts";
import { type Loaded, lay, loadWithNode, loadWithPython, loadWithShell, loadWithSystemd } from "./real-loaders.ts";

const wild = corpusOf(400, "wild");
const tame = corpusOf(150, "tame");
const laid = { wild: lay(wild), tame: lay(tame) };
afterAll(() => {
  for (const { remove } of Object.values(laid)) remove();
});

/** How the engine and a real loader compare over a corpus. */
type Comparison = { readonly differences: readonly string[]; readonly knownShare: number };

/** Excuses a difference where the real program is not the loader itself. */
type Excuse = (told: string | undefined, real: string | undefined) => boolean;

function compare(
  name: DialectName,
  { texts, loaded, isExcused }: { texts: readonly string[]; loaded: readonly Loaded[]; isExcused?: Excuse },
): Comparison {
  const differences: string[] = [];
  let [known, all] = [0, 0];
  for (const [index, real] of loaded.entries()) {
    const text = texts[index] ?? "";
    const { entries, faults } = readDialect(name, { source: { text, isUtf8: true }, environment: new Map() });
    // what stands behind a place where the reading stops may assign a key again
    const isOpen = faults.some(({ stops }) => stops);
    const last = new Map(entries.map(({ key, value }) => [key, value]));
    for (const key of new Set([...last.keys(), ...Object.keys(real)])) {
      const value = last.get(key);
      all += 1;
      if (value?.kind === "unknown" || isOpen) continue;
      known += 1;
      const told = value?.kind === "text" ? value.text : undefined;
      if (told !== real[key] && isExcused?.(told, real[key]) !== true)
        differences.push(JSON.stringify({ text, key, told, real: real[key] }));
    }
  }
  return { differences, knownShare: known / all };
}

type Manner = keyof typeof laid;

function expectAgreement(
  name: DialectName,
  { manner, loaded, isExcused }: { manner: Manner; loaded: readonly Loaded[]; isExcused?: Excuse },
): void {
  const texts = manner === "wild" ? wild : tame;
  const { differences, knownShare } = compare(name, { texts, loaded, ...(isExcused && { isExcused }) });
  expect(loaded).toHaveLength(texts.length);
  expect(differences, name).toEqual([]);
  // an engine that knew nothing would never be wrong
  expect(knownShare, name).toBeGreaterThan(manner === "tame" ? 0.9 : 0.1);
}

describe.each(["wild", "tame"] as const)("over the %s corpus the engine reads what is read by", (manner) => {
  const { paths } = laid[manner];

  test.runIf(capability("python-dotenv"))("python-dotenv and pydantic", async () => {
    const loaded = await loadWithPython(paths);
    for (const name of ["python-dotenv", "pydantic-settings"] as const)
      expectAgreement(name, { manner, loaded: loaded.map((row) => row[name] ?? {}) });
  });

  test("Node, dotenv, dotenvx, Vite and Next.js", async () => {
    const loaded = await loadWithNode(paths);
    for (const name of ["node", "dotenv", "dotenvx", "vite", "next"] as const)
      expectAgreement(name, { manner, loaded: loaded.map((row) => row[name] ?? {}) });
  });

  test.runIf(capability("dash"))("the shell", async () => {
    expectAgreement("shell", { manner, loaded: await loadWithShell(paths) });
  });

  test.runIf(capability("systemd"))("systemd", async () => {
    // the program fills variables in and leaves empty ones out, which EnvironmentFile= does not
    const isExcused = (told = ""): boolean => told.includes("$") || told === "";
    expectAgreement("systemd", { manner, loaded: await loadWithSystemd(paths), isExcused });
  });
});

const rows: { says: string; text: string; name: DialectName; told: Readonly<Record<string, string>> }[] = [
  { says: "a byte order mark begins the first key", text: "\ufeffA=1\nB=2", name: "python-dotenv", told: { "\ufeffA": "1", B: "2" } },
  { says: "a byte order mark is white space", text: "\ufeffA=1\nB=2", name: "dotenv", told: { A: "1", B: "2" } },
  { says: "a carriage return stays", text: "A=1\r\nB=2\n", name: "shell", told: { A: "1\r", B: "2" } },
  {
    says: "single quotes keep the dollar, double quotes do not",
    text: "A=1\nB='$A'\nC=\"$A\"\n",
    name: "compose",
    told: { A: "1", B: "$A", C: "1" },
  },
  { says: "a comment needs a blank", text: "A=a#b\nB=a #b\nC: yes\n", name: "compose", told: { A: "a#b", B: "a", C: "yes" } },
  { says: "one bad line refuses the whole file", text: "A=1\na b c\n", name: "compose", told: {} },
  { says: "two dollars are one", text: "A=$$B\n", name: "compose", told: { A: "$B" } },
];

test.each(rows)("$name: $says", ({ text, name, told }) => {
  const { entries } = readDialect(name, { source: { text, isUtf8: true }, environment: new Map() });
  expect(Object.fromEntries(entries.map(({ key, value }) => [key, value.kind === "text" ? value.text : value.kind]))).toEqual(told);
});

const unknown: { says: string; text: string; name: DialectName; why: string }[] = [
  { says: "a variable that only the process could have", text: "B=$A", name: "vite", why: "environment" },
  { says: "the output of a program", text: "A=$(date)", name: "dotenvx", why: "expansion" },
  { says: "a value that needs a key", text: "A=encrypted:abc", name: "dotenvx", why: "program" },
  { says: "what two releases read otherwise", text: "A=1\t", name: "node", why: "version" },
  { says: "a key that is inherited", text: "A\n", name: "compose", why: "environment" },
];

test.each(unknown)("$name does not know $says", ({ text, name, why }) => {
  const { entries } = readDialect(name, { source: { text, isUtf8: true }, environment: undefined });
  expect(entries.map(({ value }) => value)).toEqual([{ kind: "unknown", why }]);
});

test.each(DIALECT_NAMES)("%s takes nothing from a file with a NUL", (name) => {
  const reading = readDialect(name, { source: { text: "A=1\0\nB=2", isUtf8: true }, environment: new Map() });
  expect(reading).toEqual({ entries: [], faults: [{ line: 1, kind: "not-text", stops: true }] });
});
