import { changeTokens, readToken, readTokens, touchToken } from "./access-records.ts";
import { appendAudit, readAudit } from "./audit-records.ts";
import type { DebugStore } from "./debug-port.ts";
import { sqlFitCourses } from "./fit-course-records.ts";
import { readGateways, saveGateways } from "./gateway-records.ts";
import { changeIncidents, hasOldIncidents, noteSightings, readIncident, readIncidents, removeIncidents } from "./incident-records.ts";
import { readOperation, readOperations, saveOperation } from "./operation-records.ts";
import type { ConfigStore, OrganizationStore, StoreLimits } from "./port.ts";
import {
  addQuery,
  finishQuery,
  forgetQueries,
  hasOldQueries,
  hasQueryToTake,
  readQueries,
  readQuery,
  readQueryResult,
  readQueryRunners,
  removeQuery,
  removeQueryResults,
  takeQuery,
} from "./query-records.ts";
import type { QueryRunners } from "./query-runners.ts";
import {
  changeAll,
  changeEnvironment,
  changeOrganization,
  environmentNames,
  readEnvironment,
  readHistory,
  readOrganization,
  readOrganizations,
  readRevision,
  readStanding,
} from "./records.ts";
import {
  addSession,
  hasIdleSessions,
  readSession,
  readSessions,
  removeIdleSessions,
  removeSession,
  touchSession,
} from "./session-records.ts";
import type { SqlAccess } from "./sql-access.ts";
import type { Availability } from "./tell-availability.ts";
import type { ChangeTeller } from "./tell-changes.ts";
import type { TurnStore } from "./turn-port.ts";

/** How a store is opened. `Limits` are those of its kind. */
export type StoreOptions<Limits = unknown> = {
  readonly limits: StoreLimits & Limits;
  readonly onAvailability: (availability: Availability) => void;
};

type SqlStoreOptions = {
  readonly limits: StoreLimits;
  readonly teller: ChangeTeller;
  readonly debug: DebugStore;
  readonly turns: TurnStore;
  readonly runners: QueryRunners;
};

/** The store over a database with its tables. What is written and read is the same in every SQL database; how a step is made one is not. */
export function sqlStore({ read, write, close }: SqlAccess, { limits, teller, debug, turns, runners }: SqlStoreOptions): ConfigStore {
  const of = (organization: string): OrganizationStore => ({
    names: () => read((db) => environmentNames(db, organization)),
    read: (name) => read((db) => readEnvironment(db, { organization, name })),
    readAll: () => read((db) => readStanding(db, organization)),
    async change(name, { by, decide }) {
      const changed = await write((db) => changeEnvironment(db, { organization, limits, name, by, decide }));
      teller.tell({ organization, environment: name });
      return changed;
    },
    async changeAll({ by, decide }) {
      const changed = await write((db) => changeAll(db, { organization, limits, by, decide }));
      for (const environment of changed.environments.keys()) teller.tell({ organization, environment });
      return changed;
    },
    history: (name, page) => read((db) => readHistory(db, { organization, name, page })),
    revision: (name, revision) => read((db) => readRevision(db, { organization, name, revision })),
    noteDeletion: (deletion) => write((db) => appendAudit(db, { ...deletion, organization, change: "deleted" })),
    audit: (page) => read((db) => readAudit(db, { organization, page })),
    gateways: (environment) => read((db) => readGateways(db, { organization, environment })),
    saveOperation: (operation) => write((db) => saveOperation(db, { organization, operation, maxOperations: limits.maxOperations })),
    operation: (name) => read((db) => readOperation(db, { organization, name })),
    operations: (page) => read((db) => readOperations(db, { organization, page })),
  });
  return {
    organizations: () => read(readOrganizations),
    organization: (name) => read((db) => readOrganization(db, name)),
    changeOrganization: (organization, { by, decide }) => write((db) => changeOrganization(db, { organization, by, decide, limits })),
    of,
    saveGateways: (records, { forgetBefore }) =>
      write((db) => saveGateways(db, { records, forgetBefore, maxGateways: limits.maxGateways })),
    debug,
    turns,
    fitCourses: sqlFitCourses({ read, write }),
    access: {
      token: (id) => read((db) => readToken(db, id)),
      tokens: (organization) => read((db) => readTokens(db, organization)),
      changeTokens: (organization, { by, decide }) => write((db) => changeTokens(db, { organization, by, decide })),
      touchToken: (id, at) => write((db) => touchToken(db, { id, at })),
      session: (id) => read((db) => readSession(db, id)),
      sessions: (owner) => read((db) => readSessions(db, owner)),
      addSession: (session, { by }) => write((db) => addSession(db, { session, by, limits })),
      touchSession: (id, at) => write((db) => touchSession(db, { id, at })),
      removeSession: (id, { by }) => write((db) => removeSession(db, { id, by })),
      // asked first: nothing has to be written as a rule, and a write keeps all others waiting
      async removeIdleSessions(idle) {
        if (await read((db) => hasIdleSessions(db, idle))) await write((db) => removeIdleSessions(db, idle));
      },
    },
    incidents: {
      async note(key, sightings, keeping) {
        if (sightings.length === 0 && !(await read((db) => hasOldIncidents(db, { key, ...keeping })))) return [];
        return write((db) => noteSightings(db, { key, sightings, keeping }));
      },
      list: (key, page) => read((db) => readIncidents(db, { key, page })),
      read: (key, id) => read((db) => readIncident(db, { key, id })),
      async change(key, id, { by, decide }) {
        return (await write((db) => changeIncidents(db, { key, ids: [id], by, decide })))[0];
      },
      changeAll: (key, ids, { by, decide }) => write((db) => changeIncidents(db, { key, ids, by, decide })),
      removeClient: (key, client) => write((db) => removeIncidents(db, { key, client })),
    },
    queries: {
      add: (key, options) => write((db) => addQuery(db, { key, ...options })),
      list: (key, page) => read((db) => readQueries(db, { key, page })),
      read: (key, id) => read((db) => readQuery(db, { key, id })),
      result: (key, id) => read((db) => readQueryResult(db, { key, id })),
      async take({ now, until }) {
        const gone = await read(async (db) => runners.goneOf(db, await readQueryRunners(db)));
        if (!(await read((db) => hasQueryToTake(db, { now, gone })))) return undefined;
        return write((db) => takeQuery(db, { now, until, gone, runner: runners.own() ?? null }));
      },
      finish: (run, options) => write((db) => finishQuery(db, { run, ...options })),
      async forgetBefore(before) {
        if (await read((db) => hasOldQueries(db, before))) await write((db) => forgetQueries(db, before));
      },
      remove: (key, id) => write((db) => removeQuery(db, { key, id })),
      removeResults: (key) => write((db) => removeQueryResults(db, key)),
    },
    watch: teller.listen,
    async close() {
      teller.close();
      await close();
    },
  };
}
