import { expect, test } from "vitest";
import { formatFinding } from "../finding.ts";
import { checkTidy } from "../tidy.ts";
import { treeAt, treeOf } from "../tree.ts";

const untidy = [
  { says: "a filler", file: "README.md", text: "You simply run it.", found: "«simply»" },
  { says: "another filler", file: "docs/guide.md", text: "Just run it.", found: "«Just run»" },
  { says: "a word that has a better one", file: "packages/model/src/a.ts", text: "// the whitelist", found: "«whitelist»" },
  { says: "a second word for one thing", file: "README.md", text: "the real IP", found: "«real IP»" },
  {
    says: "a name that fits anything",
    file: "packages/model/src/a.ts",
    text: "export class RouteManager {}",
    found: "«class RouteManager»",
  },
  { says: "a file that fits anything", file: "packages/model/src/utils.ts", text: "", found: "a file name without a subject" },
  { says: "a mark of unfinished work", file: "tools/a.mjs", text: "// TODO: mend", found: "«TODO»" },
  { says: "work that is not done", file: "packages/cli/src/a.ts", text: 'throw new Error("not implemented");', found: "«not implemented»" },
  { says: "a skipped test", file: "packages/cli/test/a.test.ts", text: 'test.skip("a", () => {});', found: "«test.skip»" },
  { says: "a focused table", file: "test/a.test.ts", text: "describe.concurrent.only.each([])", found: "«describe.concurrent.only»" },
  { says: "a path of one machine", file: "CONTRIBUTING.md", text: "See /home/ada/wherefrom.", found: "«/home/ada»" },
  {
    says: "a download host in the lock file",
    file: "package-lock.json",
    text: '{ "resolved": "https://example.com/a.tgz" }',
    found: '«"resolved": "http»',
  },
  { says: "a default export", file: "packages/cli/src/a.ts", text: "export  default 1;", found: "a default export" },
];

test.each(untidy)("$says in $file is a finding", ({ file, text, found }) => {
  const { findings } = checkTidy(treeOf({ [file]: `\n${text}` }));
  expect(findings.map((finding) => `${finding.file} ${finding.what}`)).toEqual([`${file} ${found}`]);
  expect(findings[0]?.line).toBe(found === "a file name without a subject" ? 1 : 2);
});

const tidy = [
  { says: "a longer word", file: "README.md", text: "Adjust it, it justifies itself." },
  { says: "a comparison", file: "README.md", text: "the hop just before the peer" },
  { says: "a status of HTTP", file: "packages/gateway/src/a.ts", text: 'const reason = "Not Implemented";' },
  { says: "a test that needs a capability", file: "test/a.test.ts", text: 'test.runIf(capability("nginx"))("a", () => {});' },
  { says: "a path of a route", file: "packages/model/src/a.ts", text: 'const path = "https://example.com/home/page";' },
  { says: "data", file: "cases/resolve/a.json", text: '{ "text": "/root/x, TODO" }' },
  { says: "a default export in a comment", file: "packages/cli/src/a.ts", text: "// no export default here" },
];

test.each(tidy)("$says in $file is none", ({ file, text }) => {
  expect(checkTidy(treeOf({ [file]: text })).findings).toEqual([]);
});

test("this repository is tidy", () => {
  const { findings, files } = checkTidy(treeAt(process.cwd()));
  expect(findings.map(formatFinding)).toEqual([]);
  expect(files).toBeGreaterThan(0);
});
