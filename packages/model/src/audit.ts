import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "./canonical-json.ts";

/** The hash that stands before an organization's first entry. */
export const AUDIT_ORIGIN: string = "0".repeat(64);

/**
 * One entry of an organization's audit log: who changed what, when and why. Each holds the hash of the one before it, so an entry that
 * is edited, taken out or put in between breaks the chain. An end that is cut off does not show by itself: compare with a head that was
 * written down elsewhere.
 */
export type AuditEntry = {
  /** From 1, without a gap. */
  sequence: number;
  /** RFC 3339, in UTC. */
  time: string;
  author: string;
  /** Whether control knew who it was; otherwise the author is what the client said of itself. */
  authorVerified: boolean;
  /** What was asked for, as a method of the API: `organizations.environments.update`. */
  method: string;
  /** `organizations/{org}`, `organizations/{org}/environments/{env}`, or something of theirs: `…/events`, `…/securityIncidents/{incident}` */
  resource: string;
  change: "CREATED" | "UPDATED" | "DELETED";
  /** The revision that the change made; of events that were deleted, the one that their environment had. */
  revision: number;
  reason?: string | undefined;
  requestId?: string | undefined;
  /** SHA-256 of what the revision holds, as canonical JSON; of a deletion, of what stood before it; of deleted events, of which environment had them. */
  contentHash: string;
  /** The `hash` of the entry before. */
  previousHash: string;
  /** SHA-256 of this entry without `hash`, as canonical JSON. */
  hash: string;
};

export const auditEntrySchema: z.ZodType<AuditEntry, unknown> = z
  .strictObject({
    sequence: z.int(),
    time: z.string(),
    author: z.string(),
    authorVerified: z.boolean(),
    method: z.string(),
    resource: z.string(),
    change: z.enum(["CREATED", "UPDATED", "DELETED"]),
    revision: z.int(),
    reason: z.string().optional(),
    requestId: z.string().optional(),
    contentHash: z.string(),
    previousHash: z.string(),
    hash: z.string(),
  })
  .meta({ id: "AuditEntry" });

/** Adds the hash that closes an entry. */
export function sealAuditEntry(entry: Omit<AuditEntry, "hash">): AuditEntry {
  return { ...entry, hash: hashOf(entry) };
}

/** The last entry of a log as somebody wrote it down: what shows that its end was cut off, or all of it made anew. */
export type AuditHead = Pick<AuditEntry, "sequence" | "hash">;

/** What shows that a log is not as it was written. */
export type AuditFault = { readonly sequence: number; readonly problem: string };

/**
 * Everything that is wrong with a log: places that are missing or twice, hashes that do not fit their entries, links that do not fit, and
 * a head that is not in it.
 *
 * Shape: the whole log, oldest first.
 */
export function auditFaults(entries: readonly AuditEntry[], head?: AuditHead): readonly AuditFault[] {
  const faults: AuditFault[] = [];
  let [sequence, previousHash] = [0, AUDIT_ORIGIN];
  for (const entry of entries) {
    const { hash, ...sealed } = entry;
    sequence += 1;
    if (entry.sequence !== sequence) faults.push({ sequence, problem: `Expected entry ${sequence}, found entry ${entry.sequence}` });
    if (entry.previousHash !== previousHash) faults.push({ sequence, problem: "The entry before is not the one that it was chained to" });
    if (hashOf(sealed) !== hash) faults.push({ sequence, problem: "Its hash does not fit: it was edited" });
    [sequence, previousHash] = [entry.sequence, hash];
  }
  if (head === undefined || entries.some((entry) => entry.sequence === head.sequence && entry.hash === head.hash)) return faults;
  return [...faults, { sequence: head.sequence, problem: `Expected hash ${head.hash}, which was written down, found another or none` }];
}

/** What is versioned of an environment, as a revision tells it with its content: what the `contentHash` of its entry is of. */
export const VERSIONED_FIELDS = ["settings", "routes", "ranges", "stage", "security", "debug"] as const;

/** What of a value is versioned, and nothing else. */
export function versionedOf<Value extends { readonly [Field in (typeof VERSIONED_FIELDS)[number]]?: unknown }>(
  value: Value,
): Pick<Value, (typeof VERSIONED_FIELDS)[number]> {
  return Object.fromEntries(VERSIONED_FIELDS.map((field) => [field, value[field]])) as Pick<Value, (typeof VERSIONED_FIELDS)[number]>;
}

/** SHA-256 of a value as canonical JSON, in lower-case hexadecimal digits. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
