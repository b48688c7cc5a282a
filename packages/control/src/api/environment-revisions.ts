import { diffJson, type JsonChange, jsonChangeSchema, snapshotRangesSchema, versionedOf } from "@wherefrom/model";
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
    const before = await previousOf(store, environment, items.at(-1));
    const place = environmentName(organization, environment);
    const isWithContent = query.get("includeContent") === "true";
    const revisions = items.map((revision, at) => revisionJson(revision, { place, before: items[at + 1] ?? before, isWithContent }));
    return jsonAnswer({ revisions, nextPageToken });
  },
};

export const getRevision: Endpoint = {
  summary: "One version of an environment and its routes",
  answers: revisionSchema,
  async handle({ store, organization, param }) {
    const environment = param("env");
    const revision = await requireRevision(param("revision"), { environment, ...pastOf(store, environment) });
    const before = await previousOf(store, environment, revision);
    return jsonAnswer(revisionJson(revision, { place: environmentName(organization, environment), before, isWithContent: true }));
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
    const from = query.get("from") ?? String((await previousOf(store, environment, to))?.revision ?? to.revision - 1);
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

async function previousOf(
  store: OrganizationStore,
  environment: string,
  revision: Revision<EnvironmentContent> | undefined,
): Promise<Revision<EnvironmentContent> | undefined> {
  return revision && (await store.history(environment, { limit: 1, before: revision.revision }))[0];
}

type RevisionView = {
  /** Name of the environment. */
  readonly place: string;
  readonly before: Revision<EnvironmentContent> | undefined;
  readonly isWithContent: boolean;
};

function revisionJson(revision: Revision<EnvironmentContent>, { place, before, isWithContent }: RevisionView): RevisionJson {
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
    changes: changesOf(revision, before),
    ...(isWithContent && { ...versionedOf(content), settings: { ...content.settings }, routes: [...content.routes] }),
  };
}

/** A revision whose predecessor is not kept any more has no changes to tell: all of it would look new. */
function changesOf(revision: Revision<EnvironmentContent>, before: Revision<EnvironmentContent> | undefined): JsonChange[] {
  if (before === undefined && revision.change !== "created") return [];
  return [...diffJson(standingAfter(before), standingAfter(revision))];
}

function noEnvironment(name: string): ApiError {
  return new ApiError("ENVIRONMENT_NOT_FOUND", `Environment: Expected one that is or was there, received ${JSON.stringify(name)}`);
}
