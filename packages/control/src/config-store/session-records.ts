import type { Kysely, Selectable } from "kysely";
import type { IdleSessions, SessionRecord } from "./access-port.ts";
import { appendAudit } from "./audit-records.ts";
import type { Stamp } from "./stamp.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

export async function readSession(db: Db, id: string): Promise<SessionRecord | undefined> {
  const row = await db.selectFrom("sessions").selectAll().where("id", "=", id).executeTakeFirst();
  return row && sessionOf(row);
}

export async function readSessions(db: Db, owner: string | undefined): Promise<readonly SessionRecord[]> {
  const newest = db.selectFrom("sessions").selectAll().orderBy("created_at", "desc").orderBy("id");
  return (await (owner === undefined ? newest : newest.where("owner", "=", owner)).execute()).map(sessionOf);
}

function sessionOf(row: Selectable<Tables["sessions"]>): SessionRecord {
  const { id, organization, owner, hash, content, created_at: createdAt, expires_at: expiresAt, seen_at: seenAt } = row;
  return { id, organization, owner, hash, content: JSON.parse(content) as unknown, createdAt, expiresAt, seenAt };
}

type AddedSession = {
  readonly session: SessionRecord;
  readonly by: Stamp;
  readonly limits: { readonly maxSessions: number; readonly maxSessionsOfOwner: number };
};

export async function addSession(db: Db, { session, by, limits }: AddedSession): Promise<void> {
  const { id, organization, owner, hash, createdAt, expiresAt, seenAt } = session;
  await db.deleteFrom("sessions").where("expires_at", "<=", createdAt).execute();
  const times = { created_at: createdAt, expires_at: expiresAt, seen_at: seenAt };
  await db
    .insertInto("sessions")
    .values({ id, organization, owner, hash, content: JSON.stringify(session.content), ...times })
    .execute();
  await auditSession(db, { session, by, change: "created" });
  await makeRoom(db, { id, max: limits.maxSessionsOfOwner, owner });
  await makeRoomInLargest(db, { id, max: limits.maxSessions });
}

type Room = { readonly id: string; readonly max: number };

/** Removes what is beyond the limit of an owner: those used longest ago. Never the one that was just added. */
async function makeRoom(db: Db, { id, max, owner }: Room & { readonly owner: string }): Promise<void> {
  const others = db.selectFrom("sessions").select("id").where("id", "!=", id).where("owner", "=", owner);
  const past = others.orderBy("seen_at", "desc").orderBy("created_at", "desc").orderBy("id");
  await removeAll(
    db,
    await past
      .offset(max - 1)
      .limit(max)
      .execute(),
  );
}

/** As `makeRoom`, of all: those of the organization that has most, so that whoever has many tokens in one takes the room of nobody in another. */
async function makeRoomInLargest(db: Db, { id, max }: Room): Promise<void> {
  const counted = db.selectFrom("sessions").select((row) => ["organization", row.fn.countAll<number | string>().as("sessions")]);
  const counts = await counted.groupBy("organization").execute();
  const largest = counts.toSorted((left, right) => Number(right.sessions) - Number(left.sessions))[0];
  const excess = counts.reduce((sum, { sessions }) => sum + Number(sessions), 0) - max;
  if (largest === undefined || excess <= 0) return;
  const others = db.selectFrom("sessions").select("id").where("id", "!=", id).where("organization", "=", largest.organization);
  await removeAll(db, await others.orderBy("seen_at").orderBy("created_at").orderBy("id", "desc").limit(excess).execute());
}

async function removeAll(db: Db, rows: readonly { readonly id: string }[]): Promise<void> {
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) await db.deleteFrom("sessions").where("id", "in", ids).execute();
}

type Touched = { readonly id: string; readonly at: number };

export async function touchSession(db: Db, { id, at }: Touched): Promise<void> {
  await db.updateTable("sessions").set({ seen_at: at }).where("id", "=", id).where("seen_at", "<", at).execute();
}

type RemovedSession = { readonly id: string; readonly by: Stamp };

export async function removeSession(db: Db, { id, by }: RemovedSession): Promise<boolean> {
  const session = await readSession(db, id);
  if (session === undefined) return false;
  await db.deleteFrom("sessions").where("id", "=", id).execute();
  await auditSession(db, { session, by, change: "deleted" });
  return true;
}

export async function hasIdleSessions(db: Db, idle: IdleSessions): Promise<boolean> {
  const found = db
    .selectFrom("sessions")
    .select("id")
    .where((row) => row.or([row("expires_at", "<=", idle.at), row("seen_at", "<", idle.seenBefore)]));
  return (await found.executeTakeFirst()) !== undefined;
}

export async function removeIdleSessions(db: Db, { at, seenBefore }: IdleSessions): Promise<void> {
  await db
    .deleteFrom("sessions")
    .where((row) => row.or([row("expires_at", "<=", at), row("seen_at", "<", seenBefore)]))
    .execute();
}

type AuditedSession = { readonly session: SessionRecord; readonly by: Stamp; readonly change: "created" | "deleted" };

/** Whose it is and until when, and nothing that would let anybody in. */
async function auditSession(db: Db, { session, by, change }: AuditedSession): Promise<void> {
  const { id, organization, owner, expiresAt } = session;
  const resource = `organizations/${organization}/sessions/${id}`;
  await appendAudit(db, { ...by, organization, resource, change, revision: change === "created" ? 1 : 2, content: { owner, expiresAt } });
}
