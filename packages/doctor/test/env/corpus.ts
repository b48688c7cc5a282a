import fc from "fast-check";

/** Pieces of env files, the odd ones as often as the plain ones. A `$` is only in variables; `>` and `&` are left out, because a shell would write files. */
const keys = ["A", "B", "C", "KEY_1", "A.B", "A-B", "1A", "a b", "'A'", "\ufeffA", "export"];
const plainKeys = ["A", "B", "C", "D", "KEY_1"];
const separators = ["=", "=", "=", " = ", "= ", " =", ": ", ":", "", "\t=\t", "=="];
const quotes = ["", "", "", "'", '"', "`"];
const words = [
  "x",
  "value",
  "two words",
  " led ",
  "a#b",
  "a #b",
  "#",
  "a\\nb",
  "a\\tb",
  "a\\\\b",
  "a\\'b",
  'a\\"b',
  "a'b",
  'a"b',
  "a`b",
  "http://10.0.0.1:8000/x?y=z",
  "é中",
  "a\tb",
  "a;b",
  "a\\",
  "\u00a0",
  "",
];
const variables = ["${A}", "$A", "${B:-d}", "${NONE}", "${NONE:-d}", "pre${A}post", "\\$A", "$", "${A", "$5"];
const tails = ["", "", "", " ", " # comment", "#comment", " tail", "\t", "\r"];
const junk = ["", "   ", "# comment", '  # it\'s "quoted"', "; semicolon", "not an assignment", "export", "=", "# goes on \\", "\u2028A=1"];

const pick = (list: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...list);

function assignment(value: fc.Arbitrary<string>, key: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(pick(["", "", "", "export ", "  ", "export\t"]), key, pick(separators), pick(quotes), value, fc.boolean(), pick(tails))
    .map(
      ([before, name, separator, quote, text, isClosed, tail]) =>
        `${before}${name}${separator}${quote}${text}${isClosed || quote === "" ? quote : ""}${tail}`,
    );
}

const anyWord = fc.oneof(
  { weight: 6, arbitrary: pick(words) },
  { weight: 2, arbitrary: pick(variables) },
  { weight: 1, arbitrary: fc.tuple(pick(words), pick(words)).map(([first, second]) => `${first}\n${second}`) },
);

const anyLine = fc.oneof(
  { weight: 4, arbitrary: assignment(anyWord, pick(plainKeys)) },
  { weight: 1, arbitrary: assignment(anyWord, pick(keys)) },
  { weight: 1, arbitrary: pick(junk) },
);

const anyFile = fc
  .tuple(
    fc.array(anyLine, { minLength: 1, maxLength: 5 }),
    pick(["\n", "\n", "\n", "\r\n"]),
    pick(["", "\n"]),
    pick(["", "", "", "", "\ufeff"]),
  )
  .map(([lines, end, last, first]) => `${first}${lines.join(end)}${last}`);

/** Lines as people write them: quotes in pairs, names that every loader takes. */
const plainWords = ["x", "value", "10.0.0.1:8000", "http://old.example/x?y=z", "a#b", "p4ss-word", "é中", "", "a.b@c", "yes"];
const tameValue = fc.oneof(
  pick([...plainWords, "$A", "${B}", "${B:-d}", "pre${A}post"]),
  pick([...plainWords, "two words", "a #b", " led ", "x\ny", "a\\nb", "${A} and $B"]).map((text) => `"${text}"`),
  pick([...plainWords, "two words", "a #b", " led ", "x\ny", "a\\nb", 'a"b']).map((text) => `'${text}'`),
);
const tameLine = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(pick(["", "", "export "]), pick(plainKeys), tameValue, pick(["", "", " # comment", " "]))
      .map(([before, key, value, tail]) => `${before}${key}=${value}${tail}`),
  },
  { weight: 1, arbitrary: pick(["", "# comment", "#A=b"]) },
);
const tameFile = fc.array(tameLine, { minLength: 1, maxLength: 8 }).map((lines) => `${lines.join("\n")}\n`);

/** Files to read, always the same ones: a difference that a loader's new version makes shows by itself. */
export function corpusOf(count: number, manner: "wild" | "tame"): readonly string[] {
  return fc.sample(manner === "wild" ? anyFile : tameFile, { numRuns: count, seed: 20_230_101 });
}
