import { analyse } from "scslre";
import type { Finding } from "./finding.ts";
import { type RegExpLiteral, scanSource } from "./source-scan.ts";
import type { Tree } from "./tree.ts";

/** Packages that read what strangers send. There a search that begins anew at each character of a long run is too slow as well. */
const READS_STRANGERS = /^packages\/(?:wherefrom|gateway)\//;

/** What is wrong with the regular expressions of a tree, and how many were looked at. */
export type RegExpReport = { readonly findings: readonly Finding[]; readonly regExps: number };

/**
 * Finds regular expressions in the sources of packages for which there is a text that takes far more time than its length: one of a few kilobytes could hold up the process. Pure:
 * reads only the tree it is given. Not those that are put together while the program runs, and not alternatives that are the same, as in `(?:a|a)*`.
 */
export function checkRegExps(tree: Tree): RegExpReport {
  const findings: Finding[] = [];
  let regExps = 0;
  for (const file of tree.paths) {
    if (!/^packages\/[^/]+\/src\/.*\.tsx?$/.test(file)) continue;
    for (const literal of scanSource(tree.read(file)).regExps) {
      regExps += 1;
      if (isSlow(literal, { isSearched: READS_STRANGERS.test(file) })) findings.push(slow(literal, file));
    }
  }
  return { findings, regExps };
}

function isSlow({ source, flags }: RegExpLiteral, { isSearched }: { isSearched: boolean }): boolean {
  const { reports } = analyse({ source, flags }, { reportTypes: { Move: isSearched } });
  return reports.length > 0;
}

function slow({ source, flags, line }: RegExpLiteral, file: string): Finding {
  return {
    file,
    line,
    what: `/${source}/${flags} takes more than linear time for some text`,
    why: "whoever can send such a text stops everybody else for as long",
    wayOut: "let no two parts that stand behind one another match the same characters, or cut the text by indexOf",
  };
}
