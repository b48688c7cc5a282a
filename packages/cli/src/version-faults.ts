import { type AuditEntry, type AuditFault, hashOf, type RevisionKind, revisionKindOf, versionedOf } from "@wherefrom/model";
import type { Body } from "./api/client.ts";

/** What control holds of one environment. */
export type Held = {
  readonly environment: string;
  /** The revision that stands; `undefined` when the environment does not. */
  readonly standing: number | undefined;
  /** Of all that are kept. */
  readonly versions: readonly Version[];
};

/** A version as it is held: what its entry says of it too, by the names that it has there, and the hash of all that it holds. */
export type Version = { readonly revision: number; readonly told: Told };

type Told = Pick<AuditEntry, (typeof TOLD)[number]>;

/** `contentHash` first: an edit of what is in force is the worst of them. */
const TOLD = ["contentHash", "change", "time", "author", "authorVerified", "method", "reason", "requestId"] as const;

/** A revision of the API with its content, as what is compared of it. */
export function versionOf({ revisionId, createTime: time, ...revision }: Body): Version {
  const { change, author, authorVerified, method, reason, requestId } = revision;
  const told = { contentHash: hashOf(versionedOf(revision)), change, time, author, authorVerified, method, reason, requestId };
  return { revision: Number(revisionId), told };
}

/** Entries of environments by their names and revisions. */
export function byEnvironment(entries: readonly AuditEntry[]): ReadonlyMap<string, ReadonlyMap<number, AuditEntry>> {
  const all = new Map<string, Map<number, AuditEntry>>();
  for (const entry of entries) {
    const name = /^organizations\/[^/]+\/environments\/([^/]+)$/.exec(entry.resource)?.[1];
    if (name !== undefined) all.set(name, (all.get(name) ?? new Map()).set(entry.revision, entry));
  }
  return all;
}

type Logs = {
  /** As the log was before anything else was read: all that it tells of was there then. */
  readonly before: readonly AuditEntry[];
  /** As it was after that: it tells of all that was there. */
  readonly entries: readonly AuditEntry[];
};

/**
 * Where what is held of environments is not what their entries say: versions that were edited, have no entry or are missing, and environments that stand at another
 * version than the newest. The oldest versions of each kind are not kept for ever, so that only those count as missing that have older ones, and the newest.
 */
export function versionFaults(held: readonly Held[], { before, entries }: Logs): readonly AuditFault[] {
  const [earlier, later] = [byEnvironment(before), byEnvironment(entries)];
  return held.flatMap((one) => {
    const known = earlier.get(one.environment) ?? new Map<number, AuditEntry>();
    const all = later.get(one.environment) ?? new Map<number, AuditEntry>();
    return [...editFaults(one, all), ...missingFaults(one, { known, all }), ...standingFaults(one, { known, all })];
  });
}

type Entries = ReadonlyMap<number, AuditEntry>;
/** `known`: of before anything else was read; `all`: of after that. */
type Known = { readonly known: Entries; readonly all: Entries };

function editFaults({ environment, versions }: Held, all: Entries): readonly AuditFault[] {
  return versions.flatMap(({ revision, told }): readonly AuditFault[] => {
    const entry = all.get(revision);
    if (entry === undefined) return [{ sequence: 0, problem: `Revision ${revision} of ${environment} has no entry` }];
    const unlike = TOLD.filter((field) => entry[field] !== told[field]);
    if (unlike.length === 0) return [];
    const of = `Revision ${revision} of ${environment}`;
    const isEdited = unlike[0] === "contentHash";
    const problem = isEdited ? `${of} is not what was written: it was edited` : `${of} and its entry differ in ${unlike.join(", ")}`;
    return [{ sequence: entry.sequence, problem }];
  });
}

/** What is forgotten is the oldest of its kind. The newest of a kind is so only where nothing is kept that is older. */
function missingFaults({ environment, versions }: Held, { known, all }: Known): readonly AuditFault[] {
  const kept = new Set(versions.map(({ revision }) => revision));
  const oldest = Math.min(...kept);
  const newest = Math.max(...known.keys());
  const [oldestOfKind, newestOfKind] = [new Map<RevisionKind, number>(), new Map<RevisionKind, number>()];
  for (const { revision, told } of versions) setExtreme(oldestOfKind, Math.min, { method: told.method, revision });
  for (const { revision, method } of all.values()) setExtreme(newestOfKind, Math.max, { method, revision });
  const isForgotten = ({ revision, method }: AuditEntry): boolean => {
    const kind = revisionKindOf(method);
    if (revision === newestOfKind.get(kind)) return revision < oldest && revision !== newest;
    return revision < (oldestOfKind.get(kind) ?? Number.POSITIVE_INFINITY);
  };
  return [...known.values()]
    .filter((entry) => !kept.has(entry.revision) && !isForgotten(entry))
    .map(({ revision, sequence }) => ({
      sequence,
      problem: `Revision ${revision} of ${environment} is gone, though ${revision === newest ? "it is the newest" : "older ones are kept"}`,
    }));
}

function setExtreme(
  extremes: Map<RevisionKind, number>,
  pick: (...numbers: number[]) => number,
  { method, revision }: Pick<AuditEntry, "method" | "revision">,
): void {
  const kind = revisionKindOf(method);
  extremes.set(kind, pick(extremes.get(kind) ?? revision, revision));
}

/** What is written while this is read may be seen or not. */
function standingFaults({ environment, standing }: Held, { known, all }: Known): readonly AuditFault[] {
  const newest = known.get(Math.max(...known.keys()));
  if (newest === undefined) return [];
  const { sequence, revision, change } = newest;
  if (standing === undefined) {
    const isDeleted = [...all.values()].some((entry) => entry.revision >= revision && entry.change === "DELETED");
    return isDeleted ? [] : [{ sequence, problem: `${environment} is gone, though no entry tells of its deletion` }];
  }
  if (standing > revision || (standing === revision && change !== "DELETED")) return [];
  const than = change === "DELETED" ? "was deleted" : `has revision ${revision}`;
  return [{ sequence, problem: `${environment} stands at revision ${standing}, though it ${than}` }];
}
