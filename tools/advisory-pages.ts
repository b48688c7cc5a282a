import type { Finding } from "./finding.ts";
import type { Page } from "./markdown.ts";
import { scanSource } from "./source-scan.ts";
import type { Tree } from "./tree.ts";

const folder = "docs/advisories/";

/** Codes of advisories are declared in files of this name, every literal in upper snake case, and each has a page of its own. */
const codeFile = /^packages\/[^/]+\/src\/(?:.*\/)?advisory-code\.ts$/;
const codeShape = /^ADVISORY(?:_[A-Z0-9]+)+$/;

/** Checks that each advisory has its page, and each page its advisory: `ADVISORY_TRUST_TOO_WIDE` has trust-too-wide.md under the heading of its code. */
export function judgeAdvisoryPages(tree: Tree, pages: ReadonlyMap<string, Page>): Finding[] {
  const declared = [...tree.paths]
    .filter((path) => codeFile.test(path))
    .flatMap((file) => scanSource(tree.read(file)).literals.map(({ value, line }) => ({ file, line, code: value })))
    .filter(({ code }) => codeShape.test(code));
  const codes = new Set(declared.map(({ code }) => code));
  const found = [...pages].filter(([path]) => path.startsWith(folder) && path !== `${folder}README.md`);
  return [
    ...declared
      .filter(({ code }) => !pages.has(pageOf(code)))
      .map(({ file, line, code }) => ({
        file,
        line,
        what: `advisory ${code} has no page`,
        why: "who gets it has nowhere to look",
        wayOut: `write ${pageOf(code)}, with the heading # ${code}`,
      })),
    ...found.flatMap(([path, page]) => judgePage(path, page, codes)),
  ];
}

function judgePage(file: string, page: Page, codes: ReadonlySet<string>): Finding[] {
  const title = page.headings.find(({ level }) => level === 1);
  const code = title?.text.replaceAll("`", "") ?? "";
  if (codes.has(code) && pageOf(code) === file) return [];
  const why = codes.has(code) ? `the page of ${code} is ${pageOf(code)}` : "no advisory has that code";
  return [
    { file, line: title?.line ?? 1, what: `page of «${code}»`, why, wayOut: "name page and heading by a declared code, or remove it" },
  ];
}

function pageOf(code: string): string {
  return `${folder}${code
    .replace(/^ADVISORY_/, "")
    .toLowerCase()
    .replaceAll("_", "-")}.md`;
}
