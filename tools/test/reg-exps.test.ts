import { expect, test } from "vitest";
import { formatFinding } from "../finding.ts";
import { checkRegExps } from "../reg-exps.ts";
import { treeAt, treeOf } from "../tree.ts";

const OURS = "packages/gateway/src/a.ts";
const THEIRS = "packages/doctor/src/a.ts";

const cases = [
  { says: "a repetition of a repetition", file: THEIRS, text: "const a = /^(?:a+)+$/;", slow: ["/^(?:a+)+$/"] },
  { says: "a repetition that can be divided anywhere", file: THEIRS, text: "const a = /^(?:a|ba*)*$/u;", slow: ["/^(?:a|ba*)*$/u"] },
  { says: "two repetitions that share characters", file: THEIRS, text: "f(/^\\s*(.*?)\\s*$/)", slow: ["/^\\s*(.*?)\\s*$/"] },
  { says: "two in one file", file: THEIRS, text: "f(/^a*a*$/, /b/, /^c*c*$/)", slow: ["/^a*a*$/", "/^c*c*$/"] },
  { says: "a search for the end of a run, in text of strangers", file: OURS, text: "a.replace(/ +$/, '')", slow: ["/ +$/"] },
  { says: "the same in text of the user's own", file: THEIRS, text: "a.replace(/ +$/, '')", slow: [] },
  { says: "parts that share nothing", file: OURS, text: "const a = /^\\d{1,3}(?:\\.\\d{1,3}){3}$/;", slow: [] },
  { says: "a slash inside a class", file: OURS, text: "const a = /^[/]$/.test(b) / 2;", slow: [] },
  { says: "words that look like one", file: OURS, text: '"/^(?:a+)+$/"; // /^(?:a+)+$/', slow: [] },
  { says: "another place", file: "tools/a.ts", text: "const a = /^(?:a+)+$/;", slow: [] },
];

test.each(cases)("$says", ({ file, text, slow }) => {
  const { findings } = checkRegExps(treeOf({ [file]: `\n${text}` }));
  expect(findings.map(({ what, line }) => [line, what])).toEqual(
    slow.map((literal) => [2, `${literal} takes more than linear time for some text`]),
  );
});

test("no regular expression of the packages can be made slow", () => {
  const { findings, regExps } = checkRegExps(treeAt(new URL("../..", import.meta.url).pathname));
  expect(findings.map(formatFinding)).toEqual([]);
  expect(regExps).toBeGreaterThan(400);
});
