import { describe, expect, test } from "vitest";
import { readCorpus } from "../../../fuzz/corpus.ts";
import { bytesOf, MAX_INPUT_LENGTH, mutate, textOfBytes } from "../../../fuzz/mutate.ts";
import { createRandom } from "../../../fuzz/random.ts";
import { faultsOf, TARGETS } from "../../../fuzz/targets.ts";
import * as library from "../src/index.ts";

const CASES = new URL("../../../cases/", import.meta.url);

describe.each(Object.entries(TARGETS))("cases/fuzz/%s.json", (name, { checkOf, tokens }) => {
  const rows = readCorpus(CASES, name);
  const check = checkOf(library);

  test("holds inputs, each of them once", () => {
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(rows.map((row) => row.text)).size).toBe(rows.length);
  });

  test("breaks nothing", () => {
    const broken = rows.map(({ text }) => ({ text, faults: faultsOf(check, text) })).filter(({ faults }) => faults.length > 0);
    expect(broken).toEqual([]);
  });

  test("grows into inputs that keep to the length, the same for the same seed", () => {
    const corpus = rows.map((row) => bytesOf(row.text));
    const grown = () => {
      const random = createRandom(7239);
      return Array.from({ length: 50 }, () => textOfBytes(mutate(random.pick(corpus), { random, tokens, corpus })));
    };
    expect(grown()).toEqual(grown());
    expect(grown().filter((text) => text.length > MAX_INPUT_LENGTH)).toEqual([]);
  });
});

describe("a check", () => {
  const policy = TARGETS["policy"]?.checkOf(library);
  const address = TARGETS["address"];

  test("says what is broken, a throw included", () => {
    const lenient = { ...library, parseAddress: () => ({ family: 4 as const, text: "192.0.2.1" }) };
    const throwing = {
      ...library,
      parseAddress: () => {
        throw new TypeError("No such thing");
      },
    };
    expect(faultsOf(address?.checkOf(lenient) ?? (() => []), "192.0.2.01")[0]).toContain("parseAddress says 192.0.2.1");
    expect(faultsOf(address?.checkOf(throwing) ?? (() => []), "192.0.2.1")[0]).toContain("No such thing");
  });

  test.each(["", "null", '"{}"', '{"a/b~c\\u00e9":1}', '{"headerIndexAlgorithm":{"ip_header_name":null}}'])(
    "of the policy %j holds",
    (text) => {
      expect(faultsOf(policy ?? (() => ["no such target"]), text)).toEqual([]);
    },
  );
});
