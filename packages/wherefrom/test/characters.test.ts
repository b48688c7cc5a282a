import { expect, test } from "vitest";
import { createResolver, evidenceOfFields, parsePolicy } from "../src/index.ts";

const PEER = "10.0.0.1";

type Place = {
  readonly name: string;
  readonly header?: string;
  /** A line with the character in it. */
  readonly write: (character: string) => string;
  /** Which address the last hop of that line is; `null`: none. */
  readonly reads: (character: string) => string | null;
};

const isBlank = (character: string): boolean => character === " " || character === "\t";
const isDigit = (character: string): boolean => character >= "0" && character <= "9";
const isHexadecimal = (character: string): boolean =>
  isDigit(character) || (character >= "a" && character <= "f") || (character >= "A" && character <= "F");
const given = (says: boolean, ip: string): string | null => (says ? ip : null);

const places: readonly Place[] = [
  {
    name: "before an address",
    write: (c) => `${c}203.0.113.7`,
    reads: (c) => given(isBlank(c) || c === ",", "203.0.113.7"),
  },
  {
    name: "behind an address",
    write: (c) => `203.0.113.7${c}`,
    reads: (c) => (isDigit(c) ? `203.0.113.7${c}` : given(isBlank(c) || c === ",", "203.0.113.7")),
  },
  { name: "as a digit", write: (c) => `203.0.1${c}3.7`, reads: (c) => given(isDigit(c), `203.0.1${c}3.7`) },
  { name: "as a dot", write: (c) => `203${c}0.113.7`, reads: (c) => given(c === ".", "203.0.113.7") },
  { name: "between two addresses", write: (c) => `6.6.6.6${c}203.0.113.7`, reads: (c) => given(c === ",", "203.0.113.7") },
  // what stands behind a comma is a hop of its own
  { name: "as a colon", write: (c) => `2001${c}db8::7`, reads: (c) => (c === "," ? "db8::7" : given(c === ":", "2001:db8::7")) },
  {
    name: "as a hexadecimal digit",
    write: (c) => `2001:db8::1${c}`,
    reads: (c) => (isHexadecimal(c) ? `2001:db8::1${c.toLowerCase()}` : given(isBlank(c) || c === ",", "2001:db8::1")),
  },
  { name: "as a bracket", write: (c) => `[2001:db8::7${c}`, reads: (c) => given(c === "]", "2001:db8::7") },
  { name: "before a port", write: (c) => `203.0.113.7${c}443`, reads: (c) => given(c === ":", "203.0.113.7") },
  {
    name: "before a pair of Forwarded",
    header: "Forwarded",
    write: (c) => `${c}for=203.0.113.7`,
    reads: (c) => given(isBlank(c) || c === "," || c === ";", "203.0.113.7"),
  },
  {
    name: "behind a pair of Forwarded",
    header: "Forwarded",
    write: (c) => `for=203.0.113.7${c}`,
    reads: (c) => (isDigit(c) ? `203.0.113.7${c}` : given(isBlank(c) || c === "," || c === ";", "203.0.113.7")),
  },
  {
    name: "as an equals sign of Forwarded",
    header: "Forwarded",
    write: (c) => `for${c}203.0.113.7`,
    reads: (c) => given(c === "=", "203.0.113.7"),
  },
];

/** Those that anybody might take for a blank, a digit, a separator or a letter: all of Latin, and whatever Unicode classes or folds as such. */
const characters = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter(
  (c, code) => code < 0x300 || /[\p{Z}\p{Cc}\p{Cf}\p{N}\p{P}]/u.test(c) || /^[\0-\x7f]+$/.test(c.normalize("NFKC")),
);

test("there are characters to ask about", () => {
  expect(characters.length).toBeGreaterThan(2_000);
  expect(characters).toEqual(expect.arrayContaining(["\u00a0", "\u200b", "\u2028", "\u3002", "\u0661", "\uff0e", "\uff11", "\ufeff"]));
});

// By the tables of RFC 9110 §5.6.3, RFC 4291 §2.2 and RFC 7239 §4: nothing else is a blank, a digit, a dot, a comma, or looks like one.
test.each(places)("each character $name is read as the grammar says", ({ header = "X-Forwarded-For", write, reads }) => {
  const resolver = createResolver(parsePolicy({ headerIndexAlgorithm: { ipHeaderName: header, ipHeaderIndex: -1 }, fallback: "REJECT" }));
  const wrong = characters.flatMap((character) => {
    const { ip } = resolver.resolve(evidenceOfFields(PEER, [[header, write(character)]]));
    const wanted = reads(character);
    return ip === wanted ? [] : [`U+${character.charCodeAt(0).toString(16)}: ${ip}, not ${wanted}`];
  });
  expect(wrong).toEqual([]);
});
