import type { Finding } from "./finding.ts";
import { scanSource, usesOfName } from "./source-scan.ts";
import { lineAt, type Tree } from "./tree.ts";

/** What a program can judge in the text of a tree, and how many files were looked at. */
export type TidyReport = { readonly findings: readonly Finding[]; readonly files: number };

type Rule = {
  readonly applies: (path: string) => boolean;
  readonly pattern: RegExp;
  readonly why: string;
  readonly wayOut: string;
};

/** These hold the words of the rules themselves, and bad trees to try them on. */
const exempt: ReadonlySet<string> = new Set(["tools/tidy.ts", "tools/test/tidy.test.ts"]);

/** Written for readers: the rules of wording hold. Data, licences and lock files are what they are. */
const isWriting = (path: string): boolean => /\.(?:md|[cm]?[jt]sx?)$/.test(path);
const isSource = (path: string): boolean => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path);
const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path) || /(?:^|\/)test\//.test(path);
const isText = (path: string): boolean => /\.(?:md|[cm]?[jt]sx?|json|ya?ml|sh|py|conf|html|css)$/.test(path) || path === ".ci/run";
const isNotData = (path: string): boolean => isText(path) && !path.startsWith("cases/") && path !== "package-lock.json";

const filler = "it tells a reader who does not find it easy that the fault is theirs";
const vague = "a name says what a thing is; this one fits anything";

const rules: readonly Rule[] = [
  word(/\b(?:simply|obviously|of course|needless to say|as everyone knows)\b/gi, filler, "leave it out"),
  word(/\bjust (?:add|call|do|install|like|make|need|put|run|set|type|use|want|works?)\b/gi, filler, "leave out `just`"),
  word(/\beasily\b/gi, filler, "leave it out, or say how"),
  word(/\bwhite-?list(?:s|ed|ing)?\b/gi, "one word, one meaning", "write `allow list` or `trusted`"),
  word(/\bblack-?list(?:s|ed|ing)?\b/gi, "one word, one meaning", "write `deny list`"),
  word(
    /\b(?:real|true|origin(?:al)?|source) (?:ip|client ip)\b(?! header)/gi,
    "one word, one meaning",
    "write `client address`, `peer` or `resolution`",
  ),
  word(/\b(?:in order to|utili[sz]e[sd]?|leverag(?:e[sd]?|ing))\b/gi, "a shorter word says the same", "write `to`, `use`"),
  word(
    /\b(?:robust|seamless(?:ly)?|blazing(?:ly)?|cutting-edge|state-of-the-art|world-class)\b/gi,
    "praise is for readers to give",
    "say what it does, with a number",
  ),
  {
    applies: (path) => /\.[cm]?[jt]sx?$/.test(path),
    pattern: /\b(?:class|type|interface|function|const|let)\s+\w*(?:Manager|Helpers?|Utils?)\b|\bclass\s+\w*Service\b/g,
    why: vague,
    wayOut: "name it after what it does or owns",
  },
  {
    applies: isNotData,
    pattern: /\b(?:TODO|FIXME|XXX|HACK)\b|\bnot implemented\b(?! by)/g,
    why: "unfinished work has no owner here",
    wayOut: "do it, or document the limitation where users read",
  },
  {
    applies: isTest,
    pattern: /\b(?:test|it|describe|suite)(?:\.\w+)*\.(?:skip|only|todo|fails)\b(?!\w)/g,
    why: "a test that does not run proves nothing, and nobody comes back to it",
    wayOut: 'mend or delete it; for what a machine may lack: `test.runIf(capability("nginx"))`',
  },
  {
    applies: isNotData,
    pattern: /(?<![\w.}<>-])\/(?:work|root|home|Users)\/[\w.-]+/g,
    why: "this path exists on one machine only",
    wayOut: "use a path relative to the repository, or the system's temporary folder",
  },
  {
    applies: (path) => path.endsWith("package-lock.json"),
    pattern: /"resolved": *"http/g,
    why: "the lock file must not tie everybody to one download host",
    wayOut: "keep `omit-lockfile-registry-resolved=true` in .npmrc and lock again",
  },
];

function word(pattern: RegExp, why: string, wayOut: string): Rule {
  return { applies: isWriting, pattern, why, wayOut };
}

/** Names of files that say nothing about their subject. */
const vagueFile = /(?:^|\/)(?:utils?|helpers?|common|misc|shared|types|[\w-]+-(?:utils?|helpers?|manager))\.[cm]?[jt]sx?$/;

/** Checks wording, unfinished marks, skipped tests, machine paths, the lock file and default exports. Pure: reads only the tree it is given. */
export function checkTidy(tree: Tree): TidyReport {
  const paths = [...tree.paths].filter((path) => isText(path) && !exempt.has(path));
  const findings = paths.flatMap((path) => [...judgeName(path), ...judgeText(path, tree.read(path))]);
  return { findings, files: paths.length };
}

function judgeName(file: string): Finding[] {
  if (!vagueFile.test(file)) return [];
  return [{ file, line: 1, what: "a file name without a subject", why: vague, wayOut: "name the file after its one subject" }];
}

function judgeText(file: string, text: string): Finding[] {
  const broken = rules
    .filter((rule) => rule.applies(file))
    .flatMap(({ pattern, why, wayOut }) =>
      [...text.matchAll(pattern)].map((match) => ({ file, line: lineAt(text, match.index), what: `«${match[0]}»`, why, wayOut })),
    );
  return isSource(file) ? [...broken, ...judgeExports(file, text)] : broken;
}

function judgeExports(file: string, text: string): Finding[] {
  const why = "a default export has another name in every file that imports it";
  return usesOfName(scanSource(text), "export\\s+default").map(({ line }) => ({
    file,
    line,
    what: "a default export",
    why,
    wayOut: "export it by its name",
  }));
}
