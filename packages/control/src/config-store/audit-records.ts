import { AUDIT_ORIGIN, type AuditEntry, hashOf, sealAuditEntry } from "@wherefrom/model";
import type { Kysely } from "kysely";
import type { Page, Revision } from "./port.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

const CHANGES = { created: "CREATED", written: "UPDATED", deleted: "DELETED" } as const;

type Audited = Revision<unknown> & { readonly organization: string; readonly resource: string };

/** Appends the entry of a revision. The caller holds the write lock, so nobody else takes the next place in the meantime. */
export async function appendAudit(db: Db, { organization, resource, ...step }: Audited): Promise<void> {
  const [last] = await readAudit(db, { organization, page: { limit: 1 } });
  const entry = sealAuditEntry({
    sequence: (last?.sequence ?? 0) + 1,
    time: new Date(step.at).toISOString(),
    author: step.author,
    authorVerified: step.isAuthorVerified,
    method: step.method,
    resource,
    change: CHANGES[step.change],
    revision: step.revision,
    reason: step.reason,
    requestId: step.requestId,
    contentHash: hashOf(step.content),
    previousHash: last?.hash ?? AUDIT_ORIGIN,
  });
  await db
    .insertInto("audit_log")
    .values({ organization, sequence: entry.sequence, entry: JSON.stringify(entry) })
    .execute();
}

export async function readAudit(db: Db, { organization, page }: { organization: string; page: Page }): Promise<readonly AuditEntry[]> {
  const newest = db.selectFrom("audit_log").select("entry").where("organization", "=", organization).orderBy("sequence", "desc");
  const { limit, before } = page;
  const rows = await (before === undefined ? newest : newest.where("sequence", "<", before)).limit(limit).execute();
  return rows.map((row) => JSON.parse(row.entry) as AuditEntry);
}
