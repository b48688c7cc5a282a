import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { type RevisionKind, revisionKindOf, SIDE_METHODS, versionedOf } from "@wherefrom/model";
import { expressionBuilder, type Kysely, type Selectable } from "kysely";
import { removeTokens } from "./access-records.ts";
import { appendAudit } from "./audit-records.ts";
import { removeCourse } from "./fit-course-records.ts";
import { readGateways } from "./gateway-records.ts";
import { removeIncidents } from "./incident-records.ts";
import {
  type Change,
  type Changed,
  type ChangedAll,
  type Decide,
  type DecideAll,
  type DecideOrganization,
  type EnvironmentContent,
  type EnvironmentRecord,
  type HistoryPage,
  type OrganizationContent,
  OrganizationMissing,
  type OrganizationRecord,
  type Revision,
  type Stamp,
  type Standing,
  type Stored,
  type StoreLimits,
} from "./port.ts";
import { removeQueries } from "./query-records.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;
type Key = { readonly organization: string; readonly name: string };
type Row = Selectable<Tables["environments"]> & { readonly content: string };

/** An organization is stored beside its environments, under a name that none of them can have and that comes before all of theirs. */
const ITSELF = "";
/** What stands, and what the others run while it is tried: both may be of one kind. */
const MIN_KEPT = 2;
const ALL_SIDE_METHODS = Object.values(SIDE_METHODS).flat();

export async function readOrganizations(db: Db): Promise<readonly OrganizationRecord[]> {
  const rows = await standingOf(db).where("environments.name", "=", ITSELF).orderBy("environments.organization").execute();
  return rows.map(organizationOf);
}

export async function readOrganization(db: Db, organization: string): Promise<OrganizationRecord | undefined> {
  const row = await readRow(db, { organization, name: ITSELF });
  return row && organizationOf(row);
}

export async function environmentNames(db: Db, organization: string): Promise<readonly string[]> {
  const query = db.selectFrom("environments").select("name").where("organization", "=", organization).where("name", "!=", ITSELF);
  return (await query.orderBy("name").execute()).map((row) => row.name);
}

export async function readEnvironment(db: Db, key: Key): Promise<EnvironmentRecord | undefined> {
  const row = await readRow(db, key);
  return row && environmentOf(row);
}

/** In one statement, and so of one moment. */
export async function readStanding(db: Db, name: string): Promise<Standing> {
  const rows = await standingOf(db).where("environments.organization", "=", name).orderBy("environments.name").execute();
  const [itself, ...others] = rows;
  if (itself?.name !== ITSELF) throw new OrganizationMissing(name);
  return { organization: organizationOf(itself), environments: new Map(others.map((row) => [row.name, environmentOf(row)])) };
}

function readRow(db: Db, { organization, name }: Key): Promise<Row | undefined> {
  const query = standingOf(db).where("environments.organization", "=", organization).where("environments.name", "=", name);
  return query.executeTakeFirst();
}

/** What stands, with what its revision says. */
function standingOf(db: Db) {
  return db
    .selectFrom("environments")
    .innerJoin("environment_history as said", (join) =>
      join
        .onRef("said.organization", "=", "environments.organization")
        .onRef("said.name", "=", "environments.name")
        .onRef("said.revision", "=", "environments.revision"),
    )
    .selectAll("environments")
    .select("said.content");
}

function organizationOf(row: Row): OrganizationRecord {
  return { ...recordOf<OrganizationContent>(row), name: row.organization };
}

function environmentOf(row: Row): EnvironmentRecord {
  return recordOf<EnvironmentContent>(row);
}

function recordOf<Content>({ name, uid, revision, created_at, modified_at, content }: Row): Stored<Content> {
  return { ...(JSON.parse(content) as Content), name, uid, revision, createdAt: created_at, modifiedAt: modified_at };
}

export async function readHistory(db: Db, { page, ...key }: Key & { page: HistoryPage }): Promise<readonly Revision<EnvironmentContent>[]> {
  const { before, limit, kind } = page;
  let newest = historyOf(db, key).orderBy("revision", "desc").limit(limit);
  if (before !== undefined) newest = newest.where("revision", "<", before);
  if (kind !== undefined) newest = newest.where(isOfKind(kind));
  return (await newest.execute()).map(revisionOf);
}

export async function readRevision(
  db: Db,
  { revision, ...key }: Key & { revision: number },
): Promise<Revision<EnvironmentContent> | undefined> {
  const row = await historyOf(db, key).where("revision", "=", revision).executeTakeFirst();
  return row && revisionOf(row);
}

function historyOf(db: Db, { organization, name }: Key) {
  return db.selectFrom("environment_history").selectAll().where("organization", "=", organization).where("name", "=", name);
}

function revisionOf(row: Selectable<Tables["environment_history"]>): Revision<EnvironmentContent> {
  const { revision, at, change, author, method } = row;
  return {
    revision,
    at,
    change,
    author,
    isAuthorVerified: row.author_verified === 1,
    method,
    reason: row.reason ?? undefined,
    requestId: row.request_id ?? undefined,
    content: JSON.parse(row.content) as EnvironmentContent,
  };
}

type Step = { readonly organization: string; readonly by: Stamp; readonly limits: StoreLimits };

export async function changeOrganization(
  db: Db,
  { decide, ...step }: Step & { readonly decide: DecideOrganization },
): Promise<Changed<OrganizationContent>> {
  const before = await readOrganization(db, step.organization);
  const environments = await environmentNames(db, step.organization);
  const change = decide(before, environments);
  if (change.kind === "delete" && environments.length > 0) throw new Error(`Expected ${step.organization} to be empty, found environments`);
  if (change.kind === "delete") await removeTokens(db, step);
  return carryOutOrganization(db, { ...step, before, change });
}

async function carryOutOrganization(db: Db, step: Omit<Decided<OrganizationContent>, "name">): Promise<Changed<OrganizationContent>> {
  const change = plain(step.change, ({ settings }) => ({ settings }));
  const changed = await carryOut<OrganizationContent>(db, { ...step, name: ITSELF, change });
  return { ...changed, after: changed.after && { ...changed.after, name: step.organization } };
}

export async function changeEnvironment(
  db: Db,
  { decide, ...step }: Step & { readonly name: string; readonly decide: Decide },
): Promise<Changed<EnvironmentContent>> {
  await requireOrganization(db, step.organization);
  const before = await readEnvironment(db, step);
  const standing = before?.stage && (await readRevision(db, { ...step, revision: before.revision - 1 }));
  const decided = await decide(before, {
    others: standing?.content,
    history: (page) => readHistory(db, { ...step, page }),
    gateways: () => readGateways(db, { ...step, environment: step.name }),
  });
  const { others, ...change } = { others: undefined, ...plainEnvironment(decided) };
  if (others === undefined) return carryOut(db, { ...step, before, change });
  const first = await carryOut(db, { ...step, before, change: { kind: "write", content: others } });
  return { ...(await carryOut(db, { ...step, before: first.after, change })), before };
}

export async function changeAll(db: Db, { decide, ...step }: Step & { readonly decide: DecideAll }): Promise<ChangedAll> {
  const standing = await readStanding(db, step.organization);
  const decided = await decide(standing, (environment) => readGateways(db, { ...step, environment }));
  const environments = new Map<string, Changed<EnvironmentContent>>();
  for (const [name, change] of decided.environments) {
    const before = standing.environments.get(name);
    environments.set(name, await carryOut(db, { ...step, name, before, change: plainEnvironment(change) }));
  }
  if (decided.organization === undefined) return { organization: undefined, environments };
  const change = { kind: "write", content: decided.organization } as const;
  return { organization: await carryOutOrganization(db, { ...step, before: standing.organization, change }), environments };
}

async function requireOrganization(db: Db, organization: string): Promise<void> {
  if ((await readRow(db, { organization, name: ITSELF })) === undefined) throw new OrganizationMissing(organization);
}

function plainEnvironment(change: Change<EnvironmentContent>): Change<EnvironmentContent> {
  return plain(change, versionedOf);
}

/** Content as it will be read again: only what is versioned of it, without fields that are `undefined`. */
function plain<Content>(change: Change<Content>, versioned: (content: Content) => Content): Change<Content> {
  if (change.kind === "delete") return change;
  const { content, others, reason } = change;
  const plainOf = (given: Content): Content => JSON.parse(JSON.stringify(versioned(given))) as Content;
  return { kind: "write", content: plainOf(content), ...(others !== undefined && { others: plainOf(others) }), reason };
}

type Decided<Content> = Step & {
  readonly name: string;
  readonly before: Stored<Content> | undefined;
  readonly change: Change<Content>;
};

async function carryOut<Content extends object>(db: Db, step: Decided<Content>): Promise<Changed<Content>> {
  const { organization, name, before, change } = step;
  const standing = before && contentOf(before);
  if (change.kind === "write" && before !== undefined && isDeepStrictEqual(standing, change.content)) {
    return { revision: before.revision, before, after: before };
  }
  const content = change.kind === "write" ? change.content : standing;
  const by = change.kind === "write" ? { ...step.by, reason: step.by.reason ?? change.reason } : step.by;
  if (content === undefined) throw new Error(`Expected ${name} to be there for its deletion, found nothing`);
  const revision = (await newestRevision(db, step)) + 1;
  const kind = change.kind === "delete" ? "deleted" : before ? "written" : "created";
  await addHistory(db, { ...by, organization, name, revision, change: kind, content });
  const after = change.kind === "delete" ? await removeHead(db, step) : await writeHead(db, { ...step, content, revision });
  await pruneHistory(db, step);
  return { revision, before, after };
}

/** What of a record is versioned: all but what the store itself says of it. */
function contentOf<Content>(record: Stored<Content>): Content {
  const { name: _name, uid: _uid, revision: _revision, createdAt: _createdAt, modifiedAt: _modifiedAt, ...content } = record;
  return content as Content;
}

async function newestRevision(db: Db, { organization, name }: Key): Promise<number> {
  const query = db.selectFrom("environment_history").select((row) => row.fn.max("revision").as("newest"));
  const found = await query.where("organization", "=", organization).where("name", "=", name).executeTakeFirst();
  return found?.newest ?? 0;
}

async function addHistory(db: Db, step: Key & Revision<unknown>): Promise<void> {
  const { organization, name, revision, at, change, author, method, content } = step;
  const row = { organization, name, revision, at, change, author, author_verified: step.isAuthorVerified ? 1 : 0, method };
  const told = { reason: step.reason ?? null, request_id: step.requestId ?? null };
  await db
    .insertInto("environment_history")
    .values({ ...row, ...told, content: JSON.stringify(content) })
    .execute();
  const resource = name === ITSELF ? `organizations/${organization}` : `organizations/${organization}/environments/${name}`;
  await appendAudit(db, { ...step, resource });
}

type HeadStep<Content> = Decided<Content> & { readonly content: Content; readonly revision: number };

async function writeHead<Content extends object>(db: Db, step: HeadStep<Content>): Promise<Stored<Content>> {
  const { organization, name, by, before, content, revision } = step;
  const state = { revision, modified_at: by.at };
  const row = { organization, name, uid: before?.uid ?? randomUUID(), created_at: before?.createdAt ?? by.at, ...state };
  const insert = db.insertInto("environments").values(row);
  await insert.onConflict((conflict) => conflict.columns(["organization", "name"]).doUpdateSet(state)).execute();
  return recordOf({ ...row, content: JSON.stringify(content) });
}

async function removeHead(db: Db, { organization, name }: Key): Promise<undefined> {
  const key = { organization, environment: name };
  await removeIncidents(db, { key });
  await removeQueries(db, { key });
  await removeCourse(db, key);
  await db.deleteFrom("environments").where("organization", "=", organization).where("name", "=", name).execute();
}

/** Of the kind that was just written: of each other there is no more than before. */
async function pruneHistory(db: Db, { organization, name, by, limits }: Step & Key): Promise<void> {
  const kind = revisionKindOf(by.method);
  const numbers = db.selectFrom("environment_history").select("revision").where("organization", "=", organization).where("name", "=", name);
  const newestFirst = numbers.where(isOfKind(kind)).orderBy("revision", "desc");
  const past = await newestFirst
    .offset(Math.max(keptOf(kind, limits), MIN_KEPT))
    .limit(1)
    .executeTakeFirst();
  if (past === undefined) return;
  const removal = db.deleteFrom("environment_history").where("organization", "=", organization).where("name", "=", name);
  await removal.where(isOfKind(kind)).where("revision", "<=", past.revision).execute();
}

function keptOf(kind: RevisionKind, limits: StoreLimits): number {
  switch (kind) {
    case "configuration":
      return limits.maxRevisions;
    case "security":
      return limits.maxSecurityRevisions;
    case "debug":
      return limits.maxDebugRevisions;
    case "ranges":
    case "bots":
      return limits.maxControlRevisions;
  }
}

function isOfKind(kind: RevisionKind) {
  const eb = expressionBuilder<Tables, "environment_history">();
  return kind === "configuration" ? eb("method", "not in", ALL_SIDE_METHODS) : eb("method", "in", SIDE_METHODS[kind]);
}
