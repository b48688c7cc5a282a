import { randomUUID } from "node:crypto";
import type { Kysely, Selectable } from "kysely";
import { appendAudit } from "./audit-records.ts";
import type { IncidentChange, IncidentKeeping, IncidentRecord, Sighting } from "./incident-port.ts";
import type { EnvironmentKey, Page } from "./port.ts";
import type { Stamp } from "./stamp.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;
type Row = Selectable<Tables["incidents"]>;
type Draft = Omit<IncidentRecord, "position">;

const MINUTE_MS = 60_000;
/** Rows that one statement writes. */
const MAX_ROWS = 500;

export async function readIncidents(db: Db, { key, page }: { key: EnvironmentKey; page: Page }): Promise<readonly IncidentRecord[]> {
  const newest = ofEnvironment(db, key).orderBy("position", "desc");
  const { limit, before } = page;
  return (await (before === undefined ? newest : newest.where("position", "<", before)).limit(limit).execute()).map(incidentOf);
}

type Named = { readonly key: EnvironmentKey; readonly id: string };

export async function readIncident(db: Db, { key, id }: Named): Promise<IncidentRecord | undefined> {
  const row = await ofEnvironment(db, key).where("id", "=", id).executeTakeFirst();
  return row && incidentOf(row);
}

function ofEnvironment(db: Db, { organization, environment }: EnvironmentKey) {
  return db.selectFrom("incidents").selectAll().where("organization", "=", organization).where("environment", "=", environment);
}

type Content = Pick<IncidentRecord, "isShared" | "changedAt" | "evidence" | "securityAction">;

function incidentOf({ id, position, rule, client, state, revision, first_seen, last_seen, content }: Row): IncidentRecord {
  const { isShared, changedAt, evidence, securityAction } = JSON.parse(content) as Content;
  const seen = { firstSeenAt: first_seen, lastSeenAt: last_seen, changedAt };
  return { id, position, rule, client, state, revision, isShared, ...seen, evidence, ...(securityAction && { securityAction }) };
}

function rowOf(key: EnvironmentKey, { id, rule, client, state, revision, firstSeenAt, lastSeenAt, ...content }: Draft) {
  const { isShared, changedAt, evidence, securityAction } = content;
  const kept: Content = { isShared, changedAt, evidence, securityAction };
  const row = { id, organization: key.organization, environment: key.environment, rule, client, state, revision };
  return { ...row, first_seen: firstSeenAt, last_seen: lastSeenAt, content: JSON.stringify(kept) };
}

/** Whether some are forgotten by their age. Asked first, as a write keeps all others waiting. */
export async function hasOldIncidents(db: Db, { key, forgetBefore }: { key: EnvironmentKey; forgetBefore: number }): Promise<boolean> {
  return (await ofEnvironment(db, key).where("last_seen", "<", forgetBefore).limit(1).executeTakeFirst()) !== undefined;
}

type Noting = { readonly key: EnvironmentKey; readonly sightings: readonly Sighting[]; readonly keeping: IncidentKeeping };

export async function noteSightings(db: Db, { key, sightings, keeping }: Noting): Promise<readonly IncidentRecord[]> {
  const standing = (await ofEnvironment(db, key).orderBy("position").execute()).map(incidentOf);
  // the newest of each is the last that is set
  const newest = new Map<string, Draft>(standing.map((incident) => [nameOf(incident), incident]));
  const begun = new Set<string>();
  const touched = new Map<string, Draft>();
  for (const sighting of sightings) {
    const known = newest.get(nameOf(sighting));
    const incident = known !== undefined && belongsTo(known, sighting) ? joined(known, sighting) : incidentFrom(sighting);
    if (incident.id !== known?.id) begun.add(incident.id);
    newest.set(nameOf(sighting), incident);
    touched.set(incident.id, incident);
  }
  await writeIncidents(db, key, [...touched.values()]);
  await forget(db, key, keeping);
  if (begun.size === 0) return [];
  return (await readIncidents(db, { key, page: { limit: begun.size } })).filter(({ id }) => begun.has(id));
}

function nameOf({ rule, client }: Pick<Sighting, "rule" | "client">): string {
  return `${rule} ${client}`;
}

function belongsTo({ state, lastSeenAt }: Draft, { at, evidence }: Sighting): boolean {
  return state === "OPEN" || state === "ACKNOWLEDGED" || at - lastSeenAt <= evidence.windowMinutes * MINUTE_MS;
}

function joined(known: Draft, { at, isShared, evidence }: Sighting): Draft {
  return {
    ...known,
    isShared: known.isShared || isShared,
    lastSeenAt: Math.max(known.lastSeenAt, at),
    evidence: evidence.amount > known.evidence.amount ? evidence : known.evidence,
  };
}

function incidentFrom({ rule, client, isShared, at, evidence }: Sighting): Draft {
  const seen = { firstSeenAt: at, lastSeenAt: at, changedAt: at };
  return { id: randomUUID(), rule, client, state: "OPEN", revision: 1, isShared, ...seen, evidence };
}

async function writeIncidents(db: Db, key: EnvironmentKey, incidents: readonly Draft[]): Promise<void> {
  for (let start = 0; start < incidents.length; start += MAX_ROWS) {
    await db
      .insertInto("incidents")
      .values(incidents.slice(start, start + MAX_ROWS).map((incident) => rowOf(key, incident)))
      .onConflict((conflict) =>
        conflict.column("id").doUpdateSet((row) => ({ last_seen: row.ref("excluded.last_seen"), content: row.ref("excluded.content") })),
      )
      .execute();
  }
}

async function forget(db: Db, key: EnvironmentKey, { forgetBefore, maxIncidents }: IncidentKeeping): Promise<void> {
  const rows = await ofEnvironment(db, key).orderBy("last_seen", "desc").orderBy("position", "desc").execute();
  const kept = rows.toSorted((left, right) => Number(left.state === "CLOSED") - Number(right.state === "CLOSED"));
  const past = kept.filter(({ last_seen }, place) => place >= maxIncidents || last_seen < forgetBefore).map(({ id }) => id);
  for (let start = 0; start < past.length; start += MAX_ROWS) {
    await db
      .deleteFrom("incidents")
      .where("id", "in", past.slice(start, start + MAX_ROWS))
      .execute();
  }
}

type Changing = {
  readonly key: EnvironmentKey;
  readonly ids: readonly string[];
  readonly by: Stamp;
  readonly decide: (current: IncidentRecord) => IncidentChange;
};

/** All of them, or none where one is not there. */
export async function changeIncidents(db: Db, { ids, ...changing }: Changing): Promise<readonly IncidentRecord[]> {
  const standing: IncidentRecord[] = [];
  for (const id of ids) {
    const incident = await readIncident(db, { ...changing, id });
    if (incident !== undefined) standing.push(incident);
  }
  if (standing.length < ids.length) return standing;
  const changed: IncidentRecord[] = [];
  for (const current of standing) changed.push(await changeIncident(db, { ...changing, current }));
  return changed;
}

type ChangingOne = Omit<Changing, "ids"> & { readonly current: IncidentRecord };

async function changeIncident(db: Db, { key, by, decide, current }: ChangingOne): Promise<IncidentRecord> {
  const { state, securityAction } = decide(current);
  if (state === current.state && securityAction === current.securityAction) return current;
  const changed = { ...current, state, securityAction, revision: current.revision + 1, changedAt: by.at };
  const { content } = rowOf(key, changed);
  await db.updateTable("incidents").set({ state, revision: changed.revision, content }).where("id", "=", current.id).execute();
  const resource = `organizations/${key.organization}/environments/${key.environment}/securityIncidents/${current.id}`;
  const audited = { rule: changed.rule, client: changed.client, state, ...(securityAction && { securityAction }) };
  await appendAudit(db, {
    ...by,
    organization: key.organization,
    resource,
    change: "written",
    revision: changed.revision,
    content: audited,
  });
  return changed;
}

/** All of an environment, or those of a client. Resolves with their number. */
export async function removeIncidents(
  db: Db,
  { key, client }: { readonly key: EnvironmentKey; readonly client?: string },
): Promise<number> {
  const rows = db.deleteFrom("incidents").where("organization", "=", key.organization).where("environment", "=", key.environment);
  const deleted = await (client === undefined ? rows : rows.where("client", "=", client)).executeTakeFirst();
  return Number(deleted.numDeletedRows);
}
