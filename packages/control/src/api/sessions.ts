import { EVERY_ORGANIZATION } from "@wherefrom/model";
import { z } from "zod";
import { accessDenied } from "../access/access-error.ts";
import { isAllowed } from "../access/allow.ts";
import { sessionCookie } from "../access/session-cookie.ts";
import { newSession } from "../access/sessions.ts";
import type { SessionRecord } from "../config-store/access-port.ts";
import { ApiError } from "../http/api-error.ts";
import { EMPTY } from "../http/empty.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { shownValue } from "../http/violations.ts";

const MS = 1_000;
/** In place of an id: the session that asks. */
const CURRENT = "current";

const timeSchema = z.string().meta({ format: "int64", description: "In milliseconds since 1970" });

const sessionSchema = z
  .object({
    sessionId: z.string(),
    owner: z.string().describe("token: and the id of a token, or oidc: and the subject of a person"),
    createdAt: timeSchema,
    expiresAt: timeSchema,
    lastSeenAt: timeSchema,
    current: z.boolean().describe("Whether it is the one that asks"),
  })
  .meta({ id: "BrowserSession" });

/** Begins with the token that the request came with, and ends with it. */
export const createSession: Endpoint = {
  summary: "Begins a session of a browser; its cookie is in the answer",
  answers: sessionSchema,
  async handle(call) {
    const { caller, parts } = call;
    const { holder, session } = caller;
    if (holder === undefined || session !== undefined) {
      const message = "Session: Expected Authorization with a token of control or of the identity provider, received another credential";
      throw new ApiError("SESSION_NEEDS_TOKEN", message);
    }
    const now = parts.now();
    const { secret, record } = newSession(caller, { holder, now, maxAgeMs: parts.limits.sessionMaxAgeMs });
    await parts.store.access.addSession(record, { by: call.stamp() });
    const cookie = sessionCookie(parts.reach.scheme, { text: secret.text, maxAgeSeconds: Math.ceil((record.expiresAt - now) / MS) });
    return { ...jsonAnswer(sessionJson(record, secret.id)), headers: { "set-cookie": cookie } };
  },
};

/** One's own; of others only for an admin of all organizations. */
export const listSessions: Endpoint = {
  summary: "Sessions of the caller, or of another owner; the newest first",
  answers: z.object({ sessions: z.array(sessionSchema) }).meta({ id: "ListSessionsResponse" }),
  query: { owner: { type: "string", description: "Whose sessions, for an admin of all organizations; - for everybody's" } },
  async handle(call) {
    const { caller, parts, query } = call;
    const own = caller.holder?.owner;
    const owner = query.get("owner") || own;
    if (owner !== own) requireAdmin(call, "sessions.list");
    if (owner === undefined) return jsonAnswer({ sessions: [] });
    const sessions = await parts.store.access.sessions(owner === EVERY_ORGANIZATION ? undefined : owner);
    return jsonAnswer({ sessions: sessions.filter(isOpen(call)).map((session) => sessionJson(session, caller.session)) });
  },
};

/** It ends with this answer, everywhere. */
export const endSession: Endpoint = {
  summary: "Ends a session; the one that asks is also called current",
  answers: EMPTY,
  async handle(call) {
    const { caller, parts, param } = call;
    const id = param("session") === CURRENT ? caller.session : param("session");
    const session = id === undefined ? undefined : await parts.store.access.session(id);
    const isOwn = session !== undefined && session.owner === caller.holder?.owner;
    if (session === undefined || !(isOwn || isAdmin(call))) throw sessionNotFound(param("session"));
    await parts.store.access.removeSession(session.id, { by: call.stamp() });
    const headers = session.id === caller.session ? { "set-cookie": sessionCookie(parts.reach.scheme, undefined) } : {};
    return { ...jsonAnswer({}), headers };
  },
};

function isAdmin({ caller }: Call): boolean {
  return isAllowed(caller.grants, { requirement: "admin", place: { organization: undefined, environment: undefined } });
}

function requireAdmin(call: Call, id: string): void {
  if (!isAdmin(call)) throw accessDenied({ id, path: "/v1/sessions", requirement: "admin" });
}

/** The same for one that is somebody else's. */
function sessionNotFound(id: string): ApiError {
  return new ApiError("SESSION_NOT_FOUND", `Session: Expected the id of one that is open, received ${shownValue(id)}`);
}

/** What is over is not yet swept. */
function isOpen({ parts }: Call): (session: SessionRecord) => boolean {
  const now = parts.now();
  return ({ expiresAt, seenAt }) => now < expiresAt && now - seenAt < parts.limits.sessionIdleMs;
}

function sessionJson(
  { id, owner, createdAt, expiresAt, seenAt }: SessionRecord,
  current: string | undefined,
): z.output<typeof sessionSchema> {
  const times = { createdAt: String(createdAt), expiresAt: String(expiresAt), lastSeenAt: String(seenAt) };
  return { sessionId: id, owner, ...times, current: id === current };
}
