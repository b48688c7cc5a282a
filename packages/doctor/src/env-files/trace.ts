import type { EnvEntry, EnvValue, ProcessEnvironment } from "./dialect/reading.ts";
import { type DialectName, readDialect } from "./dialect/table.ts";
import { type EnvTree, folderOf, joinInTree } from "./env-tree.ts";
import { type Profile, profileOf } from "./profile.ts";
import type { Usage } from "./usage.ts";

/** A place where a key gets a value. */
export type Site = { readonly path: string; readonly line: number; readonly value: EnvValue };

/** One of the places that a loader looks at. `not-reached`: it is there, and a loader that goes up has found another before it. `outside`: it lies outside of the tree. */
export type Candidate = { readonly path: string; readonly state: "read" | "absent" | "not-reached" | "outside" | "inline" };

/** What becomes of one key. */
export type KeyTrace = {
  readonly key: string;
  readonly winner: Site;
  /** What the winner hides, the strongest first. */
  readonly shadowed: readonly Site[];
  /** What the process has already, where that is known and goes before the files. */
  readonly process?: { readonly value: string };
};

/** What one loader does in one place. */
export type Trace = {
  readonly loader: DialectName;
  readonly place: string;
  /** Whether nothing shows that this loader is used: it is what it would do. */
  readonly isAssumed: boolean;
  /** Whether it could be started in another folder. */
  readonly isPlaceCertain: boolean;
  readonly because?: Usage["because"];
  /** Whether it goes up from its place until it finds a file. */
  readonly climbs: boolean;
  /** Where it looks, the strongest first. */
  readonly candidates: readonly Candidate[];
  readonly keys: readonly KeyTrace[];
};

export type TraceOptions = { readonly environment: ProcessEnvironment; readonly mode: string };

type Asked = TraceOptions & { readonly tree: EnvTree };

/**
 * What a loader does that is used on one or more lines of one file, one after the other: once for each folder that it may be started in. A line that was told to override goes before those above it, any
 * other behind them.
 */
export function traceUsages(usages: readonly [Usage, ...Usage[]], asked: Asked): readonly Trace[] {
  const [first] = usages;
  const isStarted = usages.some(({ placeIs }) => placeIs === "started");
  const places = isStarted ? startPlaces(usages, asked) : [first.place];
  return places.map((start) => ({
    loader: first.loader,
    place: start,
    isAssumed: false,
    isPlaceCertain: !isStarted || places.length === 1,
    because: first.because,
    climbs: usages.every(climbs),
    ...traceCandidates(lookInTurn(usages, { start, asked }), { profile: profileOf(first.loader), asked }),
  }));
}

/** What a loader would do if it were used in a place, with its defaults. */
export function traceAssumed(profile: Profile, { place, ...asked }: Asked & { readonly place: string }): Trace {
  const usage: Usage = { loader: profile.name, place, placeIs: "fixed", because: { path: place, line: 0 } };
  const traced = traceCandidates(look({ usage, place }, asked), { profile, asked });
  return { loader: profile.name, place, isAssumed: true, isPlaceCertain: true, climbs: climbs(usage), ...traced };
}

function climbs({ loader, files }: Usage): boolean {
  return files === undefined && profileOf(loader).climbs;
}

/** The folders that a process may be started in: the usages' own, and those above it that have one of the files. */
function startPlaces(usages: readonly [Usage, ...Usage[]], { tree, mode }: Asked): readonly string[] {
  const [{ place, loader }] = usages;
  const names = usages.flatMap(({ files }) => files ?? profileOf(loader).defaults(mode));
  const holding = [place, ...foldersAbove(place)].filter((folder) => names.some((name) => tree.files.has(joinInTree(folder, name) ?? "")));
  return holding.length === 0 ? [place] : holding;
}

function foldersAbove(place: string): readonly string[] {
  return place === "" ? [] : [folderOf(place), ...foldersAbove(folderOf(place))];
}

/** A candidate, what stands in it when that is no file, and whether it goes before what the process has. */
type Looked = Candidate & { readonly inline?: readonly EnvEntry[]; readonly goesBeforeProcess: boolean };

function lookInTurn(usages: readonly Usage[], { start, asked }: { start: string; asked: Asked }): readonly Looked[] {
  const before: Looked[] = [];
  const behind: Looked[] = [];
  for (const usage of usages) {
    const looked = look({ usage, place: usage.placeIs === "fixed" ? usage.place : start }, asked);
    if (usage.overrides === true) before.unshift(...looked);
    else behind.push(...looked);
  }
  return [...before, ...behind];
}

function look({ usage, place }: { usage: Usage; place: string }, asked: Asked): readonly Looked[] {
  const profile = profileOf(usage.loader);
  const goesBeforeProcess = !profile.processWins || usage.overrides === true;
  const found = climbs(usage) ? climb(place, asked.tree) : inOrder({ usage, place }, asked);
  const looked = found.map((candidate) => ({ ...candidate, goesBeforeProcess }));
  if (usage.inline === undefined) return looked;
  const inline: Looked = { path: usage.because.path, state: "inline", inline: usage.inline.entries, goesBeforeProcess };
  return usage.inline.wins ? [inline, ...looked] : [...looked, inline];
}

function traceCandidates(
  looked: readonly Looked[],
  { profile, asked }: { profile: Profile; asked: Asked },
): Pick<Trace, "candidates" | "keys"> {
  const sources = looked.flatMap(({ path, state, inline, goesBeforeProcess }): Source[] => {
    if (inline !== undefined) return [{ path, entries: inline, goesBeforeProcess }];
    const file = asked.tree.files.get(path);
    if (state !== "read" || file === undefined) return [];
    const { entries } = readDialect(profile.name, { source: file.source, environment: asked.environment });
    return [{ path, entries, goesBeforeProcess }];
  });
  const candidates = looked.map(({ path, state }) => ({ path, state }));
  return { candidates, keys: traceKeys(sources, { profile, environment: asked.environment }) };
}

/** From the place upwards, until one is found. */
function climb(place: string, tree: EnvTree): readonly Candidate[] {
  let isFound = false;
  const candidates: Candidate[] = [];
  for (const folder of [place, ...foldersAbove(place)]) {
    const path = joinInTree(folder, ".env") ?? ".env";
    const isThere = tree.files.has(path);
    if (isFound && !isThere) continue;
    candidates.push({ path, state: !isThere ? "absent" : isFound ? "not-reached" : "read" });
    isFound ||= isThere;
  }
  return isFound ? candidates : [...candidates, { path: "..", state: "outside" }];
}

function inOrder({ usage, place }: { usage: Usage; place: string }, { tree, mode }: Asked): readonly Candidate[] {
  const profile = profileOf(usage.loader);
  const listed = (usage.files ?? profile.defaults(mode)).map((name): Candidate => {
    const path = name.startsWith("/") ? pathInRoot(name, tree.root) : joinInTree(place, name);
    if (path === undefined) return { path: name, state: "outside" };
    return { path, state: tree.files.has(path) ? "read" : "absent" };
  });
  // told to override, each file goes before those before it
  return profile.wins === "last" || usage.overrides === true ? listed.toReversed() : listed;
}

/** An absolute path as one in the tree, when it lies there. */
function pathInRoot(path: string, root: string): string | undefined {
  return path.startsWith(`${root}/`) ? joinInTree("", path.slice(root.length + 1)) : undefined;
}

type Source = { readonly path: string; readonly entries: readonly EnvEntry[]; readonly goesBeforeProcess: boolean };

/** Sources come the strongest first; in a file, the last assignment of a key is the strongest. */
function traceKeys(
  sources: readonly Source[],
  { profile, environment }: { profile: Profile; environment: ProcessEnvironment },
): readonly KeyTrace[] {
  const fold = (key: string): string => (profile.foldsCase ? key.toLowerCase() : key);
  const found = new Map<string, { readonly key: string; readonly sites: Site[]; readonly isBeforeProcess: boolean }>();
  for (const { path, entries, goesBeforeProcess } of sources) {
    for (const { key, value, line } of entries.toReversed()) {
      if (value.kind === "absent") continue;
      const known = found.get(fold(key)) ?? { key, sites: [], isBeforeProcess: goesBeforeProcess };
      known.sites.push({ path, line, value });
      found.set(fold(key), known);
    }
  }
  const process = new Map([...(environment ?? [])].map(([key, value]) => [fold(key), value]));
  return [...found.values()].flatMap(({ key, sites: [winner, ...shadowed], isBeforeProcess }) => {
    const own = isBeforeProcess ? undefined : process.get(fold(key));
    return winner === undefined ? [] : [{ key, winner, shadowed, ...(own !== undefined && { process: { value: own } }) }];
  });
}
