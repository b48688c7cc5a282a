import type { Grant } from "@wherefrom/model";
import type { Kysely, Selectable } from "kysely";
import type { DecideTokens, NewToken, TokenRecord } from "./access-port.ts";
import { appendAudit, readAudit } from "./audit-records.ts";
import type { Stamp } from "./stamp.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

export async function readToken(db: Db, id: string): Promise<TokenRecord | undefined> {
  const row = await db.selectFrom("tokens").selectAll().where("id", "=", id).executeTakeFirst();
  return row && tokenOf(row);
}

/** Sorted here and not by the database, whose order of texts may follow a language. */
export async function readTokens(db: Db, organization: string): Promise<readonly TokenRecord[]> {
  const rows = await db.selectFrom("tokens").selectAll().where("organization", "=", organization).execute();
  return rows.map(tokenOf).sort((left, right) => (left.name < right.name ? -1 : 1));
}

function tokenOf(row: Selectable<Tables["tokens"]>): TokenRecord {
  const { id, organization, name, hash, grants, created_at, expires_at, last_used_at } = row;
  return {
    id,
    organization,
    name,
    hash,
    grants: JSON.parse(grants) as readonly Grant[],
    createdAt: created_at,
    expiresAt: expires_at ?? undefined,
    lastUsedAt: last_used_at ?? undefined,
  };
}

type TokenStep = { readonly organization: string; readonly by: Stamp };

export async function changeTokens(
  db: Db,
  { decide, ...step }: TokenStep & { readonly decide: DecideTokens },
): Promise<readonly TokenRecord[]> {
  const { organization } = step;
  const tokens = await readTokens(db, organization);
  const isUntouched = (await readAudit(db, { organization, page: { limit: 1 } })).length === 0;
  const { add, remove = [] } = decide({ tokens, isUntouched });
  for (const id of remove) {
    const token = tokens.find((standing) => standing.id === id);
    if (token === undefined) throw new Error(`Expected token ${id} to be there for its removal, found nothing`);
    await removeToken(db, { ...step, token });
  }
  if (add !== undefined) {
    const { id, name, hash, grants, expiresAt } = add;
    const row = { id, organization, name, hash, grants: JSON.stringify(grants), created_at: step.by.at };
    await db
      .insertInto("tokens")
      .values({ ...row, expires_at: expiresAt ?? null, last_used_at: null })
      .execute();
    await auditToken(db, { ...step, token: add, change: "created" });
  }
  return readTokens(db, organization);
}

/** With its organization. */
export async function removeTokens(db: Db, step: TokenStep): Promise<void> {
  for (const token of await readTokens(db, step.organization)) await removeToken(db, { ...step, token });
}

async function removeToken(db: Db, step: TokenStep & { readonly token: TokenRecord }): Promise<void> {
  await db.deleteFrom("tokens").where("id", "=", step.token.id).execute();
  await auditToken(db, { ...step, change: "deleted" });
}

type AuditedToken = TokenStep & { readonly token: NewToken; readonly change: "created" | "deleted" };

/** What the entry has the hash of is what the token is for, so that nobody can say later that it was for less. */
async function auditToken(db: Db, { organization, by, token, change }: AuditedToken): Promise<void> {
  const { id, name, grants, expiresAt } = token;
  const content = { name, grants, ...(expiresAt !== undefined && { expiresAt }) };
  const resource = `organizations/${organization}/tokens/${id}`;
  await appendAudit(db, { ...by, organization, resource, change, revision: change === "created" ? 1 : 2, content });
}

type Touched = { readonly id: string; readonly at: number };

export async function touchToken(db: Db, { id, at }: Touched): Promise<void> {
  await db.updateTable("tokens").set({ last_used_at: at }).where("id", "=", id).execute();
}
