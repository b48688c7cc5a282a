import { judgeAdvisoryPages } from "./advisory-pages.ts";
import type { Finding } from "./finding.ts";
import { judgeHardeningTables } from "./hardening-tables.ts";
import { type Page, readPage } from "./markdown.ts";
import { type Literal, scanSource } from "./source-scan.ts";
import { lineAt, resolvePath, type Tree } from "./tree.ts";

/** What is wrong with the pages of a tree, and how many pages were looked at. */
export type DocsReport = { readonly findings: readonly Finding[]; readonly pages: number };

/** Where the codes and the flow variables are documented. */
const errorsPage = "docs/errors.md";
const flowVariablesPage = "docs/flow-variables.md";
const flowVariablesSource = "packages/model/src/flow-variables.ts";

/** Checks that the pages agree with the tree: links, error codes, flow variables, tables of attacks and faults, npm commands. Pure: reads only the tree it is given. */
export function checkDocs(tree: Tree): DocsReport {
  const pages = new Map([...tree.paths].filter((path) => path.endsWith(".md")).map((path) => [path, readPage(tree.read(path))]));
  const findings = [
    ...[...pages].flatMap(([path, page]) => judgeLinks(path, page, { pages, tree })),
    ...judgeErrorCodes(tree, pages.get(errorsPage)),
    ...judgeAdvisoryPages(tree, pages),
    ...judgeHardeningTables(tree),
    ...judgeFlowVariables(tree, pages.get(flowVariablesPage)),
    ...[...pages.keys()].flatMap((path) => judgeCommands(path, tree)),
  ];
  return { findings, pages: pages.size };
}

type Site = { readonly pages: ReadonlyMap<string, Page>; readonly tree: Tree };

function judgeLinks(file: string, page: Page, site: Site): Finding[] {
  return page.links.flatMap(({ target, line }) => {
    const fault = linkFault(file, target, site);
    return fault === undefined
      ? []
      : [{ file, line, what: `link to ${target}`, why: fault, wayOut: "name what is there, or take the link away" }];
  });
}

function linkFault(file: string, target: string, { pages, tree }: Site): string | undefined {
  if (/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) return undefined;
  const [path = "", anchor] = target.split("#");
  const name = path === "" ? file : resolvePath(file, decode(path.split("?")[0] ?? ""));
  if (name === undefined) return "it leads out of the repository";
  if (!isInTree(tree, name)) return "there is no such file";
  if (anchor === undefined || anchor === "") return undefined;
  const page = pages.get(name);
  if (page === undefined) return /^L\d+/.test(anchor) ? undefined : "only pages have anchors";
  return page.anchors.has(decode(anchor)) ? undefined : "the page has no such heading";
}

function isInTree(tree: Tree, name: string): boolean {
  const folder = name.endsWith("/") ? name : `${name}/`;
  return name === "." || tree.paths.has(name) || [...tree.paths].some((path) => path.startsWith(folder));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Codes are for ever, so they are collected where they are declared: in files of these names, every literal in upper snake case. */
const codeFile = /^packages\/[^/]+\/src\/(?:.*\/)?(?:errors|issue|[^/]+-(?:issue|reason))\.ts$/;
const codeShape = /^[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+$/;

function judgeErrorCodes(tree: Tree, page: Page | undefined): Finding[] {
  const declared = literalsIn(tree, (path) => codeFile.test(path)).filter(({ literal }) => codeShape.test(literal.value));
  if (page === undefined) {
    const why = `${declared.length} codes are declared in packages/*/src, and users look them up here`;
    return [{ file: errorsPage, line: 1, what: "the page is not there", why, wayOut: "write it, with one heading `### CODE` a code" }];
  }
  const documented = page.headings
    .map(({ level, text, line }) => ({ level, code: text.replaceAll("`", ""), line }))
    .filter(({ level, code }) => level === 3 && codeShape.test(code));
  const wayOut = `a heading \`### CODE\` in ${errorsPage} for each code literal in errors.ts, issue.ts, *-issue.ts and *-reason.ts, and no other`;
  return [
    ...missingIn(
      declared.map(({ file, literal }) => ({ file, line: literal.line, name: literal.value })),
      new Set(documented.map(({ code }) => code)),
    ).map(({ file, line, name }) => ({
      file,
      line,
      what: `code ${name} is not documented`,
      why: "a user who gets it has nowhere to look",
      wayOut,
    })),
    ...missingIn(
      documented.map(({ code, line }) => ({ file: errorsPage, line, name: code })),
      new Set(declared.map(({ literal }) => literal.value)),
    ).map(({ file, line, name }) => ({ file, line, what: `code ${name} is not declared`, why: "nothing can report it", wayOut })),
    ...repeated(documented.map(({ code, line }) => ({ file: errorsPage, line, name: code }))).map(({ file, line, name }) => ({
      file,
      line,
      what: `code ${name} has two headings`,
      why: "one code has one meaning",
      wayOut: "make one of them",
    })),
  ];
}

function judgeFlowVariables(tree: Tree, page: Page | undefined): Finding[] {
  if (!tree.paths.has(flowVariablesSource)) return [];
  const source = tree.read(flowVariablesSource);
  const { code, literals } = scanSource(source);
  const declared = literals
    .filter(({ start }) => /\bname:\s*$/.test(code.slice(0, start)))
    .map(({ value, line }) => ({ file: flowVariablesSource, line, name: value }));
  const documented = (page?.firstColumn ?? []).map(({ text, line }) => ({ file: flowVariablesPage, line, name: text }));
  const wayOut = `the first table of ${flowVariablesPage} has one row a flow variable, its name in the first column`;
  return [
    ...missingIn(declared, namesOf(documented)).map((entry) => ({
      file: entry.file,
      line: entry.line,
      what: `flow variable ${entry.name} is not documented`,
      why: "nobody can use what they cannot find",
      wayOut,
    })),
    ...missingIn(documented, namesOf(declared)).map((entry) => ({
      file: entry.file,
      line: entry.line,
      what: `flow variable ${entry.name} does not exist`,
      why: "it would always be unset",
      wayOut,
    })),
  ];
}

function judgeCommands(file: string, tree: Tree): Finding[] {
  if (!tree.paths.has("package.json")) return [];
  const scripts = Object.keys((JSON.parse(tree.read("package.json")) as { scripts?: Record<string, string> }).scripts ?? {});
  const text = tree.read(file);
  return [
    ...text.matchAll(/\bnpm (?:(?:-\S+|--silent) )*(?:run(?:-script)? (?:-\S+ )*(?<script>[a-z][\w:.-]*)|(?<short>start|test)\b)/g),
  ].flatMap((match) => {
    const name = match.groups?.["script"] ?? match.groups?.["short"] ?? "";
    if (scripts.includes(name.replace(/[.:]+$/, ""))) return [];
    const why = `package.json has the scripts ${scripts.join(", ")}`;
    return [{ file, line: lineAt(text, match.index), what: `${match[0]} does not exist`, why, wayOut: "name a script that is there" }];
  });
}

type Named = { readonly file: string; readonly line: number; readonly name: string };

function missingIn(entries: readonly Named[], names: ReadonlySet<string>): Named[] {
  const seen = new Set<string>();
  return entries.filter(({ name }) => {
    if (names.has(name) || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

function repeated(entries: readonly Named[]): Named[] {
  return entries.filter((entry, index) => entries.findIndex(({ name }) => name === entry.name) < index);
}

function namesOf(entries: readonly Named[]): ReadonlySet<string> {
  return new Set(entries.map(({ name }) => name));
}

function literalsIn(tree: Tree, isWanted: (path: string) => boolean): { readonly file: string; readonly literal: Literal }[] {
  return [...tree.paths].filter(isWanted).flatMap((file) => scanSource(tree.read(file)).literals.map((literal) => ({ file, literal })));
}
