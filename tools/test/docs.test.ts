import { expect, test } from "vitest";
import { checkDocs } from "../docs.ts";
import { formatFinding } from "../finding.ts";
import { slugOf } from "../markdown.ts";
import { treeAt, treeOf } from "../tree.ts";

/** What the checks say of a tree that has nothing wrong but what `files` brings. */
function findingsOf(files: Record<string, string>): string[] {
  return checkDocs(treeOf({ "docs/errors.md": "# Errors", ...files })).findings.map(
    ({ file, line, what, why }) => `${file}:${line} ${what}: ${why}`,
  );
}

const guide = "# Guide\n## Set it up\n## Set it up\n## `explain` & co.\n";

const links = [
  { target: "docs/guide.md", fault: undefined },
  { target: "docs/guide.md#set-it-up", fault: undefined },
  { target: "docs/guide.md#set-it-up-1", fault: undefined },
  { target: "docs/guide.md#explain--co", fault: undefined },
  { target: "docs", fault: undefined },
  { target: "docs/", fault: undefined },
  { target: "#here", fault: undefined },
  { target: "https://example.com/none.md", fault: undefined },
  { target: "docs/a%20b.txt", fault: undefined },
  { target: "docs/none.md", fault: "there is no such file" },
  { target: "docs/guide.md#none", fault: "the page has no such heading" },
  { target: "#none", fault: "the page has no such heading" },
  { target: "../elsewhere.md", fault: "it leads out of the repository" },
  { target: "docs/a%20b.txt#none", fault: "only pages have anchors" },
];

test.each(links)("a link to $target: $fault", ({ target, fault }) => {
  const files = { "README.md": `# Here\n\nSee [it](${target}).`, "docs/guide.md": guide, "docs/a b.txt": "" };
  expect(findingsOf(files)).toEqual(fault === undefined ? [] : [`README.md:3 link to ${target}: ${fault}`]);
});

const shapes = [
  { says: "a link with a title", text: '[a](none.md "A")', isRead: true },
  { says: "a link to a page in brackets", text: "[a](<none.md>)", isRead: true },
  { says: "a link's definition", text: "[a]: none.md", isRead: true },
  { says: "an image", text: "![a](none.md)", isRead: true },
  { says: "an image in HTML", text: '<img alt="a" src="none.md">', isRead: true },
  { says: "a link between backticks", text: "`[a](none.md)`", isRead: false },
  { says: "a link in a fence", text: "```md\n[a](none.md)\n```", isRead: false },
  { says: "a link in a fence of tildes", text: "~~~\n[a](none.md)\n~~~", isRead: false },
];

test.each(shapes)("$says is read: $isRead", ({ text, isRead }) => {
  expect(findingsOf({ "README.md": text })).toHaveLength(isRead ? 1 : 0);
});

const slugs = [
  { heading: "What it is, and is not", slug: "what-it-is-and-is-not" },
  { heading: "`npm start`", slug: "npm-start" },
  { heading: "client_ip.algorithm", slug: "client_ipalgorithm" },
  { heading: "See [the guide](guide.md)", slug: "see-the-guide" },
  { heading: "Größe", slug: "größe" },
];

test.each(slugs)("the anchor of «$heading» is $slug", ({ heading, slug }) => {
  expect(slugOf(heading)).toBe(slug);
});

test("without docs/errors.md there is a finding", () => {
  const { findings } = checkDocs(treeOf({ "README.md": "# Here" }));
  expect(findings.map(({ file, what }) => `${file} ${what}`)).toEqual(["docs/errors.md the page is not there"]);
});

test("codes and their headings are compared both ways", () => {
  const files = {
    "packages/model/src/errors.ts":
      'export type Code =\n  | "ROUTE_INVALID"\n  | "ROUTE_UNKNOWN";\nconst other = "EADDRINUSE"; // "NOT_THIS"',
    "packages/model/src/snapshot-issue.ts": 'const code = "ISSUE_ONE";',
    "packages/model/src/rpc.ts": 'const status = "NOT_FOUND";',
    "docs/errors.md": "# Errors\n### ROUTE_INVALID\n### `ISSUE_ONE`\n### OLD_CODE\n### How to read them\n### ROUTE_INVALID",
  };
  expect(findingsOf(files)).toEqual([
    "packages/model/src/errors.ts:3 code ROUTE_UNKNOWN is not documented: a user who gets it has nowhere to look",
    "docs/errors.md:4 code OLD_CODE is not declared: nothing can report it",
    "docs/errors.md:6 code ROUTE_INVALID has two headings: one code has one meaning",
  ]);
});

test("flow variables and their table are compared both ways", () => {
  const files = {
    "packages/model/src/flow-variables.ts": 'const table = [{ name: "client.ip", meaning: "a.b" },\n{ name: "client.key" }];',
    "docs/flow-variables.md":
      "# Flow\n\n| Name | Meaning |\n|---|---|\n| `client.ip` | a |\n| `client.old` | b |\n\n| Other | x |\n|---|---|\n| `c` | d |",
  };
  expect(findingsOf(files)).toEqual([
    "packages/model/src/flow-variables.ts:2 flow variable client.key is not documented: nobody can use what they cannot find",
    "docs/flow-variables.md:6 flow variable client.old does not exist: it would always be unset",
  ]);
});

test("a command that a page names is a script of package.json", () => {
  const files = {
    "package.json": '{ "scripts": { "start": "a", "test": "b", "check:static": "c" } }',
    "README.md": "Run `npm start`,\n`npm test -- packages/model`, `npm run check:static`.\n`npm run gone`",
  };
  expect(findingsOf(files)).toEqual(["README.md:3 npm run gone does not exist: package.json has the scripts start, test, check:static"]);
});

test("this repository's pages agree with it", () => {
  const { findings, pages } = checkDocs(treeAt(process.cwd()));
  expect(findings.map(formatFinding)).toEqual([]);
  expect(pages).toBeGreaterThan(0);
});

const advisoryPages = [
  { says: "an advisory with its page", page: "trust-too-wide.md", heading: "ADVISORY_TRUST_TOO_WIDE", findings: 0 },
  { says: "an advisory whose page has another name", page: "too-wide.md", heading: "ADVISORY_TRUST_TOO_WIDE", findings: 2 },
  { says: "a page of no advisory", page: "trust-too-wide.md", heading: "ADVISORY_NONE", findings: 1 },
  { says: "the list of advisories", page: "README.md", heading: "Advisories", findings: 1 },
];

test.each(advisoryPages)("$says: $findings findings", ({ page, heading, findings }) => {
  const declared = 'export type AdvisoryCode =\n  | "ADVISORY_TRUST_TOO_WIDE";';
  const files = { "packages/wherefrom/src/policy/advisory-code.ts": declared, [`docs/advisories/${page}`]: `# ${heading}` };
  expect(findingsOf(files)).toHaveLength(findings);
});
