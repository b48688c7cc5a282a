import {
  diffJson,
  type JsonChange,
  jsonChangeSchema,
  type RevisionKind,
  revisionKindOf,
  snapshotRangesSchema,
  versionedOf,
} from "@wherefrom/model";
import { z } from "zod";
import type { Beside, EnvironmentContent, OrganizationStore, Revision } from "../config-store/port.ts";
import { debugOf, type StoredDebugSession } from "../debug-content.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { PAGE_SIZE, PAGE_TOKEN, readPage } from "../http/page.ts";
import { shownValue } from "../http/violations.ts";
import { documentOf, environmentName } from "./environment-json.ts";

const CHANGES = { created: "CREATED", written: "UPDATED", deleted: "DELETED" } as const;
const REVISION_ID = /^[0-9]{1,15}$/;

const revisionSchema = z
  .object({
    name: z.string().describe("organizations/{org}/environments/{env}/revisions/{revision}"),
    revisionId: z.string(),
    createTime: z.string().meta({ format: "google-datetime" }),
    change: z.enum(["CREATED", "UPDATED", "DELETED"]),
    author: z.string(),
    authorVerified: z.boolean().describe("Whether control knew who it was; otherwise the author is what the client said of itself"),
    method: z.string().describe("The method that made it"),
    reason: z.string().optional(),
    requestId: z.string().optional(),
    changes: z.array(jsonChangeSchema).describe("What differs from the revision before, as far as that is kept"),
    settings: z.record(z.string(), z.unknown()).optional().describe("What stood after it; of a deletion, what stood before it"),
    routes: z.array(z.unknown()).optional().describe("The routes, likewise"),
    ranges: snapshotRangesSchema.optional().describe("What provider:NAME meant in the policy, likewise"),
    stage: z.unknown().optional().describe("On which gateways it was tried first, likewise, as it is stored"),
    security: z.unknown().optional().describe("The security actions, likewise"),
    debug: z.unknown().optional().describe("The debug sessions, likewise; not what they recorded"),
  })
  .meta({ id: "Revision" });

type RevisionJson = z.output<typeof revisionSchema>;

/** Newest first. Also those of an environment that was deleted. */
export const listRevisions: Endpoint = {
  summary: "Versions of an environment and its routes, the newest first",
  answers: z.object({ revisions: z.array(revisionSchema), nextPageToken: z.string().optional() }).meta({ id: "ListRevisionsResponse" }),
  query: {
    pageSize: PAGE_SIZE,
    pageToken: PAGE_TOKEN,
    includeContent: { type: "boolean", description: "Whether to tell what stood after each" },
  },
  async handle({ store, organization, param, query }) {
    const environment = param("env");
    const read = (page: { limit: number; before?: number | undefined }) => store.history(environment, page);
    const { items, nextPageToken } = await readPage(query, { read, numberOf: ({ revision }) => revision });
    if (items.length === 0 && !query.has("pageToken")) throw noEnvironment(environment);
    const [before] = await olderOf(store, environment, items.at(-1));
    const place = environmentName(organization, environment);
    const isWithContent = query.get("includeContent") === "true";
    const revisions: RevisionJson[] = [];
    for (const [at, revision] of items.entries()) {
      const older = before === undefined ? items.slice(at + 1) : [...items.slice(at + 1), before];
      const changes = await changesOf(revision, { store, environment, older });
      revisions.push(revisionJson(revision, { place, changes, isWithContent }));
    }
    return jsonAnswer({ revisions, nextPageToken });
  },
};

export const getRevision: Endpoint = {
  summary: "One version of an environment and its routes",
  answers: revisionSchema,
  async handle({ store, organization, param }) {
    const environment = param("env");
    const revision = await requireRevision(param("revision"), { environment, ...pastOf(store, environment) });
    const changes = await changesOf(revision, { store, environment, older: await olderOf(store, environment, revision) });
    return jsonAnswer(revisionJson(revision, { place: environmentName(organization, environment), changes, isWithContent: true }));
  },
};

export const diffRevisions: Endpoint = {
  summary: "What differs between two versions of an environment",
  answers: z.object({ from: z.string(), to: z.string(), changes: z.array(jsonChangeSchema) }).meta({ id: "RevisionDiff" }),
  query: { from: { type: "string", format: "int64", description: "The revision to compare with. Default: the one before that is kept" } },
  async handle({ store, param, query }) {
    const environment = param("env");
    const past = { environment, ...pastOf(store, environment) };
    const to = await requireRevision(param("revision"), past);
    const from = query.get("from") ?? String((await olderOf(store, environment, to))[0]?.revision ?? to.revision - 1);
    const changes = diffJson(standingAfter(await requireRevision(from, past)), standingAfter(to));
    return jsonAnswer({ from, to: String(to.revision), changes });
  },
};

type Past = Pick<Beside, "history">;

function pastOf(store: OrganizationStore, environment: string): Past {
  return { history: (page) => store.history(environment, page) };
}

/** A kept revision, or 404. */
export async function requireRevision(
  revisionId: string,
  { environment, history }: Past & { readonly environment: string },
): Promise<Revision<EnvironmentContent>> {
  if (!REVISION_ID.test(revisionId)) {
    refuseFaults([{ field: "revision", description: `Expected a revision number, received ${shownValue(revisionId)}` }], "QUERY_INVALID");
  }
  const [revision] = await history({ limit: 1, before: Number(revisionId) + 1 });
  if (revision?.revision === Number(revisionId)) return revision;
  if ((await history({ limit: 1 })).length === 0) throw noEnvironment(environment);
  throw new ApiError("REVISION_NOT_FOUND", `Revision: Expected one that is kept, received ${revisionId}`);
}

/** What stood after a revision, as a document; nothing after a deletion. */
function standingAfter(revision: Revision<EnvironmentContent> | undefined): object {
  return revision === undefined || revision.change === "deleted" ? {} : historyOf(revision.content);
}

/** With who tried it and what was recorded, or a promotion and a debug session would be revisions without any change. */
function historyOf(content: EnvironmentContent): object {
  const { sessions, maskedVariables } = debugOf(content);
  return {
    ...documentOf(content),
    ...(content.stage && { stage: content.stage }),
    ...(sessions.length > 0 && { debugSessions: sessions.map(debugSessionOf) }),
    ...(maskedVariables.length > 0 && { debugMask: maskedVariables }),
  };
}

function debugSessionOf({ id, api, filter, count, endsAt }: StoredDebugSession): object {
  return { name: id, api, count, ...(filter !== "" && { filter }), endTime: new Date(endsAt).toISOString() };
}

/** The one before that is kept, if any is. */
async function olderOf(
  store: OrganizationStore,
  environment: string,
  revision: Revision<EnvironmentContent> | undefined,
): Promise<readonly Revision<EnvironmentContent>[]> {
  return revision === undefined ? [] : store.history(environment, { limit: 1, before: revision.revision });
}

type RevisionView = {
  /** Name of the environment. */
  readonly place: string;
  readonly changes: JsonChange[];
  readonly isWithContent: boolean;
};

function revisionJson(revision: Revision<EnvironmentContent>, { place, changes, isWithContent }: RevisionView): RevisionJson {
  const { author, isAuthorVerified, method, reason, requestId, content } = revision;
  return {
    name: `${place}/revisions/${revision.revision}`,
    revisionId: String(revision.revision),
    createTime: new Date(revision.at).toISOString(),
    change: CHANGES[revision.change],
    author,
    authorVerified: isAuthorVerified,
    method,
    reason,
    requestId,
    changes,
    ...(isWithContent && { ...versionedOf(content), settings: { ...content.settings }, routes: [...content.routes] }),
  };
}

type Before = {
  readonly store: OrganizationStore;
  readonly environment: string;
  /** Kept ones that are older, the newest of them among them, newest first. */
  readonly older: readonly Revision<EnvironmentContent>[];
};

/**
 * A revision whose predecessor is not kept any more tells what it changed of its own kind: what was between changed other things, as of each kind the
 * newest are kept. Where older ones of its kind may be missing too, their changes would look like its author's, and it tells none. Control's own
 * have no author, and tell what differs from what is kept.
 */
async function changesOf(revision: Revision<EnvironmentContent>, { store, environment, older }: Before): Promise<JsonChange[]> {
  const [before] = older;
  if (before === undefined && revision.change !== "created") return [];
  const changes = diffJson(standingAfter(before), standingAfter(revision));
  if (before === undefined || before.revision === revision.revision - 1 || revision.change !== "written") return [...changes];
  const kind = revisionKindOf(revision.method);
  const isOfKind = ({ method }: Revision<EnvironmentContent>): boolean => revisionKindOf(method) === kind;
  const readOfKind = () => store.history(environment, { limit: 1, before: revision.revision, kind });
  const isWhole = kind === "bots" || kind === "ranges" || older.some(isOfKind) || (await readOfKind()).length > 0;
  return isWhole ? changes.filter(({ pointer }) => kindsOfField(pointer.split("/")[1] ?? "").includes(kind)) : [];
}

function kindsOfField(field: string): readonly RevisionKind[] {
  return Object.hasOwn(SIDE_FIELDS, field) ? (SIDE_FIELDS[field] ?? []) : ["configuration"];
}

/** Which kinds change a field of what `historyOf` tells, where that is not configuration alone. Ranges come with a policy too. */
const SIDE_FIELDS: Readonly<Record<string, readonly RevisionKind[]>> = {
  securityActions: ["security"],
  securityActionsEnabled: ["security"],
  debugSessions: ["debug"],
  debugMask: ["debug"],
  bots: ["bots"],
  ranges: ["configuration", "ranges"],
};

function noEnvironment(name: string): ApiError {
  return new ApiError("ENVIRONMENT_NOT_FOUND", `Environment: Expected one that is or was there, received ${JSON.stringify(name)}`);
}
