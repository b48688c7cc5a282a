import { randomUUID } from "node:crypto";
import type { Kysely, Selectable } from "kysely";
import type { EnvironmentKey, Page } from "./port.ts";
import type { AskedQuery, QueryKeeping, QueryOutcome, QueryRecord, QueryState } from "./query-port.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;
type Row = Omit<Selectable<Tables["queries"]>, "result" | "run_until" | "runner">;

const COLUMNS = ["position", "id", "organization", "environment", "state", "attempts", "created_at", "updated_at", "content"] as const;
const OPEN: readonly QueryState[] = ["enqueued", "running"];
const OVER: readonly QueryState[] = ["completed", "failed"];

type Content = Pick<QueryRecord, "asked" | "submittedBy" | "error" | "rows" | "resultBytes" | "executionMs">;

function queryOf({ id, position, organization, environment, state, attempts, created_at, updated_at, content }: Row): QueryRecord {
  const key = { organization, environment };
  return { id, position, key, state, attempts, createdAt: created_at, updatedAt: updated_at, ...(JSON.parse(content) as Content) };
}

function ofEnvironment(db: Db, { organization, environment }: EnvironmentKey) {
  return db.selectFrom("queries").where("organization", "=", organization).where("environment", "=", environment);
}

export async function readQueries(
  db: Db,
  { key, page }: { readonly key: EnvironmentKey; readonly page: Page },
): Promise<readonly QueryRecord[]> {
  const newest = ofEnvironment(db, key).select(COLUMNS).orderBy("position", "desc").limit(page.limit);
  const rows = await (page.before === undefined ? newest : newest.where("position", "<", page.before)).execute();
  return rows.map(queryOf);
}

type Named = { readonly key: EnvironmentKey; readonly id: string };

export async function readQuery(db: Db, { key, id }: Named): Promise<QueryRecord | undefined> {
  const row = await ofEnvironment(db, key).select(COLUMNS).where("id", "=", id).executeTakeFirst();
  return row && queryOf(row);
}

export async function readQueryResult(db: Db, { key, id }: Named): Promise<string | undefined> {
  const row = await ofEnvironment(db, key).select("result").where("id", "=", id).where("state", "=", "completed").executeTakeFirst();
  return row?.result;
}

type Adding = {
  readonly key: EnvironmentKey;
  readonly asked: AskedQuery;
  readonly submittedBy: string;
  readonly at: number;
  readonly keeping: QueryKeeping;
};

export async function addQuery(db: Db, { key, asked, submittedBy, at, keeping }: Adding): Promise<QueryRecord | undefined> {
  const standing = await ofEnvironment(db, key).select(["id", "state"]).orderBy("position", "desc").execute();
  const open = standing.filter(({ state }) => OPEN.includes(state));
  if (open.length >= keeping.maxOpenQueries) return undefined;
  const id = randomUUID();
  const content: Content = { asked, submittedBy };
  const row = {
    id,
    ...key,
    state: "enqueued" as const,
    attempts: 0,
    run_until: 0,
    runner: null,
    created_at: at,
    updated_at: at,
    result: "",
  };
  await db
    .insertInto("queries")
    .values({ ...row, content: JSON.stringify(content) })
    .execute();
  const past = standing.filter(({ state }) => OVER.includes(state)).slice(Math.max(keeping.maxQueries - open.length - 1, 0));
  for (const { id: old } of past) await db.deleteFrom("queries").where("id", "=", old).execute();
  return readQuery(db, { key, id });
}

/** By whom queries are run. */
export async function readQueryRunners(db: Db): Promise<readonly number[]> {
  const running = db.selectFrom("queries").select("runner").distinct().where("state", "=", "running").where("runner", "is not", null);
  return (await running.execute()).flatMap(({ runner }) => runner ?? []);
}

/** `gone` are runners whose queries nobody runs any more. */
type Looking = { readonly now: number; readonly gone: readonly number[] };

/** Whether there is one to take up. Asked first, as a write keeps all others waiting. */
export async function hasQueryToTake(db: Db, looking: Looking): Promise<boolean> {
  return (await nextToTake(db, looking)) !== undefined;
}

function nextToTake(db: Db, { now, gone }: Looking): Promise<Row | undefined> {
  return db
    .selectFrom("queries")
    .select(COLUMNS)
    .where("state", "in", OPEN)
    .where((row) => row.or([row("run_until", "<=", now), ...(gone.length > 0 ? [row("runner", "in", gone)] : [])]))
    .orderBy("position")
    .limit(1)
    .executeTakeFirst();
}

type Taking = Looking & { readonly until: number; readonly runner: number | null };

export async function takeQuery(db: Db, { now, until, gone, runner }: Taking): Promise<QueryRecord | undefined> {
  const row = await nextToTake(db, { now, gone });
  if (row === undefined) return undefined;
  const taken = { state: "running", attempts: row.attempts + 1, updated_at: now } as const;
  const { numUpdatedRows } = await db
    .updateTable("queries")
    .set({ ...taken, run_until: until, runner })
    .where("id", "=", row.id)
    .where("attempts", "=", row.attempts)
    .executeTakeFirst();
  return Number(numUpdatedRows) === 0 ? undefined : queryOf({ ...row, ...taken });
}

/** Whoever ran one is gone: it may be taken up at once. */
export async function leaveQueries(db: Db): Promise<void> {
  await db.updateTable("queries").set({ run_until: 0 }).where("state", "=", "running").execute();
}

type Finishing = { readonly run: QueryRecord; readonly outcome: QueryOutcome; readonly at: number };

export async function finishQuery(db: Db, { run, outcome, at }: Finishing): Promise<void> {
  const { asked, submittedBy } = run;
  const content: Content = { asked, submittedBy, ...contentOf(outcome) };
  const result = outcome.kind === "completed" ? outcome.result : "";
  await db
    .updateTable("queries")
    .set({ state: outcome.kind, updated_at: at, content: JSON.stringify(content), result })
    .where("id", "=", run.id)
    .where("state", "=", "running")
    .where("attempts", "=", run.attempts)
    .execute();
}

function contentOf(outcome: QueryOutcome): Partial<Content> {
  if (outcome.kind === "failed") return { error: outcome.error };
  return { rows: outcome.rows, resultBytes: Buffer.byteLength(outcome.result), executionMs: outcome.executionMs };
}

/** Whether some are forgotten by their age. */
export async function hasOldQueries(db: Db, before: number): Promise<boolean> {
  const old = db.selectFrom("queries").select("id").where("state", "in", OVER).where("updated_at", "<", before);
  return (await old.limit(1).executeTakeFirst()) !== undefined;
}

export async function forgetQueries(db: Db, before: number): Promise<void> {
  await db.deleteFrom("queries").where("state", "in", OVER).where("updated_at", "<", before).execute();
}

export async function removeQuery(db: Db, { key, id }: Named): Promise<boolean> {
  const rows = db.deleteFrom("queries").where("organization", "=", key.organization).where("environment", "=", key.environment);
  return Number((await rows.where("id", "=", id).executeTakeFirst()).numDeletedRows) > 0;
}

/** All of an environment, or those of some states. Resolves with their number. */
export async function removeQueries(
  db: Db,
  { key, states = [...OPEN, ...OVER] }: { readonly key: EnvironmentKey; readonly states?: readonly QueryState[] },
): Promise<number> {
  const rows = db.deleteFrom("queries").where("organization", "=", key.organization).where("environment", "=", key.environment);
  return Number((await rows.where("state", "in", states).executeTakeFirst()).numDeletedRows);
}

export async function removeQueryResults(db: Db, key: EnvironmentKey): Promise<number> {
  const { organization, environment } = key;
  const running = db.updateTable("queries").where("organization", "=", organization).where("environment", "=", environment);
  await running.where("state", "=", "running").set({ state: "enqueued", run_until: 0 }).execute();
  return removeQueries(db, { key, states: OVER });
}
