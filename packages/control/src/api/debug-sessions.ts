import { randomUUID } from "node:crypto";
import { debugSessionSchema, maskedVariableSchema } from "@wherefrom/model";
import { z } from "zod";
import { changeSideAndPublish } from "../change.ts";
import type { EnvironmentRecord } from "../config-store/port.ts";
import { type DebugContent, debugOf, type StoredDebugSession } from "../debug-content.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import { EMPTY } from "../http/empty.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { etagOf, requireMatch } from "../http/etag.ts";
import type { JsonObject } from "../http/json-body.ts";
import { messageBody } from "../http/message-body.ts";
import { PAGE_SIZE, PAGE_TOKEN, readPage } from "../http/page.ts";
import { judgedTogether } from "../http/refuse-with-all.ts";
import { shownValue } from "../http/violations.ts";
import { environmentName } from "./environment-json.ts";
import { found, requireEnvironment } from "./environments.ts";

const SESSION = messageBody(debugSessionSchema);
const DEFAULT_TIMEOUT_SECONDS = "300";
const REVISION_ID = /^[0-9]{1,15}$/;

const listedSchema = z
  .object({
    id: z.string(),
    timestampMs: z.string().meta({ format: "int64", description: "When it was created, in milliseconds since 1970" }),
  })
  .meta({ id: "Session" });

/** A session is a change of the environment: history and audit log tell who looked at what clients send. */
export const createDebugSession: Endpoint = {
  summary: "Records the next requests of an API proxy, on all gateways of the environment",
  takes: debugSessionSchema,
  answers: debugSessionSchema,
  query: { timeout: { type: "string", format: "int64", description: "Seconds after which it ends, when the body does not say" } },
  isConditional: true,
  async handle(call) {
    const body = await call.body();
    const [apiRevision, given] = judgedTogether(
      () => readApiRevision(call.param("revision")),
      () => readSession(body, call.query.get("timeout")),
    );
    const { timeout = DEFAULT_TIMEOUT_SECONDS, count, filter = "", tracesize } = given;
    const createdAt = call.parts.now();
    const session: StoredDebugSession = {
      id: randomUUID(),
      api: call.param("api"),
      apiRevision,
      filter,
      count,
      tracesize,
      createdAt,
      endsAt: createdAt + Number(timeout) * 1_000,
    };
    const record = await changeDebug(call, (debug, { routes }) => {
      requireApi(routes, session.api);
      requireRoom(call, debug);
      return { ...debug, sessions: [...debug.sessions, session] };
    });
    return jsonAnswer(sessionJson(session), etagOf(record.revision));
  },
};

/** Those that are not over, newest first. */
export const listDebugSessions: Endpoint = {
  summary: "Debug sessions of an API proxy that are not over",
  answers: z.object({ sessions: z.array(listedSchema), nextPageToken: z.string().optional() }).meta({ id: "ListDebugSessionsResponse" }),
  query: { pageSize: PAGE_SIZE, pageToken: PAGE_TOKEN },
  async handle(call) {
    const record = await requireEnvironment(call.store, call.param("env"));
    const now = call.parts.now();
    const open = debugOf(record).sessions.filter(({ api, endsAt }) => api === call.param("api") && endsAt > now);
    const { items, nextPageToken } = await readPage(call.query, {
      read: async ({ limit, before = Number.POSITIVE_INFINITY }) =>
        open
          .toReversed()
          .filter(({ createdAt }) => createdAt < before)
          .slice(0, limit),
      numberOf: ({ createdAt }) => createdAt,
    });
    const sessions = items.map(({ id, createdAt }) => ({ id, timestampMs: String(createdAt) }));
    return jsonAnswer({ sessions, nextPageToken });
  },
};

export const getDebugSession: Endpoint = {
  summary: "One debug session",
  answers: debugSessionSchema,
  async handle(call) {
    const { session, revision } = await requireSession(call);
    return jsonAnswer(sessionJson(session), etagOf(revision));
  },
};

/** Ends the session; what it recorded stays until it is deleted itself. */
export const deleteDebugSession: Endpoint = {
  summary: "Ends a debug session",
  answers: EMPTY,
  isConditional: true,
  async handle(call) {
    const { id } = (await requireSession(call)).session;
    const ended = { endsAt: call.parts.now() };
    const record = await changeDebug(call, (debug) => ({
      ...debug,
      sessions: debug.sessions.map((session) => (session.id === id ? { ...session, ...ended } : session)),
    }));
    return jsonAnswer({}, etagOf(record.revision));
  },
};

/** Variables that an environment hides. */
const MAX_MASKED = 100;

const maskSchema = z
  .strictObject({
    name: z.string().optional().meta({ readOnly: true }),
    variables: z
      .array(maskedVariableSchema, "Expected a list")
      .max(MAX_MASKED, `Expected at most ${MAX_MASKED}`)
      .default([])
      .describe(
        "Whose values are hidden, beside those that always are: request.header.NAME, response.header.NAME, request.queryparam.NAME and whatever else a recorded request tells",
      ),
  })
  .meta({ id: "DebugMask" });
const MASK = messageBody(maskSchema);

export const getDebugMask: Endpoint = {
  summary: "What debug sessions of the environment hide",
  answers: maskSchema,
  async handle(call) {
    const record = await requireEnvironment(call.store, call.param("env"));
    return jsonAnswer(maskJson(call, debugOf(record)), etagOf(record.revision));
  },
};

/** As Apigee has it, the list is added to unless `replaceRepeatedFields` says otherwise. */
export const updateDebugMask: Endpoint = {
  summary: "Changes what debug sessions of the environment hide",
  takes: maskSchema,
  answers: maskSchema,
  query: {
    updateMask: { type: "string", format: "google-fieldmask", description: "Without effect: variables is the only field" },
    replaceRepeatedFields: { type: "boolean", description: "Whether the list takes the place of the one before" },
  },
  isConditional: true,
  async handle(call) {
    const { variables } = MASK.read(MASK.given(await call.body()));
    const isReplaced = call.query.get("replaceRepeatedFields") === "true";
    const record = await changeDebug(call, (debug) => {
      const maskedVariables = [...new Set(isReplaced ? variables : [...debug.maskedVariables, ...variables])];
      refuseTooMany(maskedVariables.length);
      return { ...debug, maskedVariables };
    });
    return jsonAnswer(maskJson(call, debugOf(record)), etagOf(record.revision));
  },
};

function refuseTooMany(count: number): void {
  if (count <= MAX_MASKED) return;
  const description = `Expected at most ${MAX_MASKED} with those that stand, received ${count}`;
  refuseFaults([{ field: "variables", description, reason: "FIELD_INVALID" satisfies FieldReason }]);
}

function maskJson({ organization, param }: Call, { maskedVariables }: DebugContent): object {
  return { name: `${environmentName(organization, param("env"))}/debugmask`, variables: [...maskedVariables] };
}

/** The session that the path names, also one that is over, with the environment's revision; or 404. */
export async function requireSession(call: Call): Promise<{ readonly session: StoredDebugSession; readonly revision: number }> {
  const record = await requireEnvironment(call.store, call.param("env"));
  const id = call.param("session");
  const session = debugOf(record).sessions.find((stored) => stored.id === id && stored.api === call.param("api"));
  if (session !== undefined) return { session, revision: record.revision };
  throw new ApiError("DEBUG_SESSION_NOT_FOUND", `Debug session: Expected one that is kept, received ${JSON.stringify(id)}`);
}

function readSession(body: JsonObject, timeout: string | null): z.output<typeof debugSessionSchema> {
  const given = SESSION.given(body);
  return SESSION.read(timeout === null || timeout === "" ? given : { timeout, ...given });
}

function readApiRevision(text: string): string {
  if (!REVISION_ID.test(text)) {
    refuseFaults([{ field: "revision", description: `Expected a revision number, received ${shownValue(text)}` }], "QUERY_INVALID");
  }
  return text;
}

function sessionJson({ id, filter, count, tracesize, createdAt, endsAt }: StoredDebugSession): object {
  return {
    name: id,
    count,
    ...(filter !== "" && { filter }),
    timeout: String(Math.ceil((endsAt - createdAt) / 1_000)),
    tracesize,
    createTime: new Date(createdAt).toISOString(),
  };
}

function requireApi(routes: EnvironmentRecord["routes"], api: string): void {
  if (routes.some(({ name }) => name === api)) return;
  throw new ApiError("ROUTE_NOT_FOUND", `API proxy: Expected the name of a route of the environment, received ${JSON.stringify(api)}`);
}

function requireRoom({ parts }: Call, { sessions }: DebugContent): void {
  const { maxOpenDebugSessions } = parts.limits;
  if (sessions.filter(({ endsAt }) => endsAt > parts.now()).length < maxOpenDebugSessions) return;
  throw new ApiError(
    "TOO_MANY_DEBUG_SESSIONS",
    `Debug sessions: Expected at most ${maxOpenDebugSessions} in an environment that are not over, received one more`,
  );
}

type ChangeDebug = (debug: DebugContent, record: EnvironmentRecord) => DebugContent;

/** Changes the debug sessions of an environment, and forgets those whose data nobody can have any more. */
async function changeDebug(call: Call, change: ChangeDebug): Promise<EnvironmentRecord> {
  const environment = call.param("env");
  const oldest = call.parts.now() - call.parts.limits.debugDataMaxAgeMs;
  const { after } = await changeSideAndPublish(call.parts, {
    organization: call.organization,
    environment,
    by: call.stamp(),
    decide: (standing) => {
      const current = found(standing, environment);
      requireMatch(call.header("if-match"), current.revision);
      const { sessions, ...others } = debugOf(current);
      const kept = sessions.filter(({ endsAt }) => endsAt > oldest).slice(-call.parts.limits.maxDebugSessions);
      return { current, side: { debug: change({ ...others, sessions: kept }, current) } };
    },
  });
  return found(after, environment);
}
