import type { FactValue } from "@wherefrom/diagnosis";
import type { ProcessEnvironment } from "./dialect/reading.ts";
import type { DialectName } from "./dialect/table.ts";
import { type EnvTree, folderOf, joinInTree } from "./env-tree.ts";
import { findUsages } from "./find-usages.ts";
import type { EnvFinding } from "./finding.ts";
import { factsOfEnvTree, judgeEndpoints } from "./judge-endpoints.ts";
import { judgeFile, type ReadFile } from "./judge-files.ts";
import { judgeTraces } from "./judge-traces.ts";
import { PROFILES } from "./profile.ts";
import { type Trace, type TraceOptions, traceAssumed, traceUsages } from "./trace.ts";
import type { Usage } from "./usage.ts";

/** What an env tree comes to. */
export type EnvExamination = {
  /** What each loader that is used does, and then what every loader would do in each folder with an env file. */
  readonly traces: readonly Trace[];
  readonly findings: readonly EnvFinding[];
  /** Facts for a diagnosis. */
  readonly facts: Readonly<Record<string, FactValue>>;
};

export type ExamineOptions = {
  /** What the process has before it loads anything; absent when nobody knows. */
  readonly environment?: ProcessEnvironment;
  /** The mode of Vite and Next.js. */
  readonly mode?: string;
};

/** Says what every loader makes of a tree's env files. Pure: reads nothing but the tree. */
export function examineEnvTree(tree: EnvTree, { environment, mode = "development" }: ExamineOptions = {}): EnvExamination {
  const asked = { tree, environment, mode };
  const used = groupUsages(findUsages(tree.sources)).flatMap((usages) => traceUsages(usages, asked));
  const traces = [...used, ...assumedTraces(asked)];
  const files = [...tree.files.values()]
    .filter(({ isTemplate }) => !isTemplate)
    .map((file) => ({ file, readers: readersOf(file.path, used) }));
  const findings = [
    ...judgeEndpoints(files),
    ...judgeTraces(used),
    ...files.flatMap(judgeFile),
    ...judgeUnread(files, { tree, used }),
    ...tree.skipped.map(({ path, why }) => ({ kind: why, severity: "note", path, line: 0 }) as const),
  ];
  return { traces, findings, facts: factsOfEnvTree(used, findings) };
}

/** Lines of one file that use one loader work one after the other. Those of compose and systemd are a service each. */
function groupUsages(usages: readonly Usage[]): readonly [Usage, ...Usage[]][] {
  const groups = new Map<string, [Usage, ...Usage[]]>();
  for (const usage of usages) {
    const isApart = usage.loader === "compose" || usage.loader === "systemd";
    const name = `${usage.loader} ${usage.because.path} ${isApart ? usage.because.line : ""}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [usage]);
    else group.push(usage);
  }
  return [...groups.values()];
}

function assumedTraces({ tree, ...options }: TraceOptions & { readonly tree: EnvTree }): readonly Trace[] {
  const places = new Set([...tree.files.values()].filter(({ isTemplate }) => !isTemplate).map(({ path }) => folderOf(path)));
  return [...places].toSorted().flatMap((place) => PROFILES.map((profile) => traceAssumed(profile, { tree, place, ...options })));
}

function readersOf(path: string, used: readonly Trace[]): readonly DialectName[] {
  const reading = used.filter(({ candidates }) => candidates.some((candidate) => candidate.path === path && candidate.state === "read"));
  return [...new Set(reading.map(({ loader }) => loader))];
}

/** Files that no loader reads which is used here, and that nothing names. Where no loader was found, nobody can say. */
function judgeUnread(files: readonly ReadFile[], { tree, used }: { tree: EnvTree; used: readonly Trace[] }): readonly EnvFinding[] {
  if (used.length === 0) return [];
  // compose fills in its own file from the .env beside it
  const fillsIn = new Set(used.filter(({ loader }) => loader === "compose").map(({ place }) => joinInTree(place, ".env")));
  return files
    .filter(({ file, readers }) => readers.length === 0 && !fillsIn.has(file.path) && !isNamed(file.path, tree))
    .map(({ file }) => ({ kind: "unread", severity: "note", path: file.path, line: 0 }) as const);
}

/** `.env` alone is named by every other program, so it says nothing. */
function isNamed(path: string, tree: EnvTree): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return tree.sources.some(({ text }) => (name !== path && text.includes(path)) || (name !== ".env" && text.includes(name)));
}
