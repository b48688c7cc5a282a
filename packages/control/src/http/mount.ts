import { EVERY_ORGANIZATION, type FieldViolation } from "@wherefrom/model";
import type { Context, Hono } from "hono";
import { accessDenied } from "../access/access-error.ts";
import { isAllowed, type Place, requirementOf } from "../access/allow.ts";
import type { ConfigStore, Stamp } from "../config-store/port.ts";
import type { RequestLabels } from "../metrics.ts";
import type { ControlParts } from "../parts.ts";
import { ApiError, errorAnswer, organizationNotFound, pathNotFound } from "./api-error.ts";
import type { ApiReason } from "./api-reason.ts";
import { ANYONE, type Caller, reasonOf } from "./caller.ts";
import type { Call, Endpoint, RouteLine } from "./endpoint.ts";
import { readJsonBody } from "./json-body.ts";
import { readJsonLines } from "./json-lines-body.ts";
import { writeJson } from "./presentation.ts";
import { refuseWithAll } from "./refuse-with-all.ts";
import { SHARE_HEADER } from "./rollout-share.ts";
import { camelQuery, presentationOfFault, readStandardQuery } from "./standard-query.ts";

/** What Hono hands to each handler beside the request. */
export type ApiEnv = {
  Bindings: {
    readonly requestId: string;
    /** Key of the client's address. */
    readonly client: string;
    readonly peer: string | undefined;
    /** Which line of the route table it came to; set by it. */
    labels: RequestLabels;
  };
};

const VERB = /\{([A-Za-z]+)\}:([A-Za-z]+)$/;

/**
 * Registers the route table: each line with its handler, and for each path a 405 for every other method.
 * A path with a custom verb comes before the same path without it, which would take the verb for part of a name.
 *
 * Errors: throws for a line of which nobody decided who may ask for it.
 */
export function mountRoutes(app: Hono<ApiEnv>, lines: readonly RouteLine[], parts: ControlParts): void {
  for (const [, , id] of lines) requirementOf(id);
  const paths = [...new Set(lines.map((line) => line[1]))];
  for (const path of [...paths.filter((name) => VERB.test(name)), ...paths.filter((name) => !VERB.test(name))]) {
    const ofPath = lines.filter((line) => line[1] === path);
    for (const [method, , id, endpoint] of ofPath) {
      app.on(method, honoPathOf(path), (context) => {
        requireNoOtherVerb(context, path);
        context.env.labels = { method, route: path };
        return answer(context, { endpoint, parts, path, id });
      });
    }
    const allowed = ofPath.map((line) => line[0]).join(", ");
    app.all(honoPathOf(path), (context) => {
      requireNoOtherVerb(context, path);
      const { req, env } = context;
      env.labels = { method: "none", route: path };
      parts.metrics.countRefusal("METHOD_NOT_ALLOWED");
      const error = new ApiError("METHOD_NOT_ALLOWED", `Method: Expected ${allowed}, received ${req.method}`);
      const answer = errorAnswer(error, env.requestId, presentationOfFault(new URL(req.url).searchParams));
      answer.headers.set("allow", allowed);
      return answer;
    });
  }
}

/** A verb that there is not would be taken for part of a name. No name has a colon. */
function requireNoOtherVerb({ req }: Context, path: string): void {
  if (!path.includes(":") && /:[A-Za-z]+$/.test(req.path)) throw pathNotFound(req.path);
}

/** Hono takes a custom verb for part of the parameter, so the pattern demands it and `paramOf` cuts it off again. */
function honoPathOf(path: string): string {
  return path.replace(VERB, ":$1{[^/]+:$2}").replaceAll(/\{([A-Za-z]+)\}(?=\/|$)/g, ":$1");
}

function paramOf(context: Context, path: string, name: string): string {
  const value = context.req.param(name) ?? "";
  const verb = VERB.exec(path);
  return verb?.[1] === name ? value.slice(0, -`:${verb[2]}`.length) : value;
}

type Mounted = { readonly endpoint: Endpoint; readonly parts: ControlParts; readonly path: string; readonly id: string };

async function answer(context: Context<ApiEnv>, mounted: Mounted): Promise<Response> {
  const { endpoint, parts, path, id } = mounted;
  const request = context.req.raw;
  const url = new URL(request.url);
  const known = endpoint.query ?? {};
  const query = camelQuery(url.searchParams, Object.keys(known));
  const organization = paramOf(context, path, "org");
  const caller = await admit(context, mounted);
  const call: Call = {
    parts,
    organization,
    caller,
    store: parts.store.of(organization),
    param: (name) => paramOf(context, path, name),
    query,
    origin: `${parts.reach.scheme}://${url.host}`,
    header: (name) => request.headers.get(name),
    body: () => readJsonBody(request, bodyLimitsOf(mounted)),
    lines: ({ maxBytes }) => readJsonLines(request, maxBytes),
    stamp: () => ({ ...authorOf(caller), at: parts.now(), method: id, reason: reasonOf(request), requestId: context.env.requestId }),
    signal: request.signal,
  };
  if (path.includes("{org}") && !isForAbsent(endpoint, organization)) await requireOrganization(parts.store, organization);
  const { presentation, violations } = readStandardQuery(query, known);
  const found = { query: violations, headers: headerFaults(request, endpoint) };
  if (found.query.length + found.headers.length > 0) await refuseWithAll(found, { endpoint, call });
  const answered = await whileWaitedFor(call.signal, () => endpoint.handle(call));
  if (answered instanceof Response) return whileAdmitted(answered, () => admit(context, mounted));
  return writeJson(answered.body, { presentation, etag: answered.etag, headers: answered.headers });
}

/** What is worked on for somebody who has left ends with the reason of the signal, which is no error but a text. */
async function whileWaitedFor<Answer>(signal: AbortSignal, act: () => Promise<Answer>): Promise<Answer> {
  try {
    return await act();
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    throw new ApiError("CLIENT_GONE", "Client: Expected it to wait for the answer, found its connection closed");
  }
}

/** Who asks, if it may. What is stored is not looked at before that, but for the credential. */
async function admit(context: Context<ApiEnv>, { parts, path, id }: Mounted): Promise<Caller> {
  const requirement = requirementOf(id);
  if (requirement === "public") return ANYONE;
  const caller = await parts.identify(context.req.raw, context.env.client);
  const place: Place = {
    organization: path.includes("{org}") ? paramOf(context, path, "org") : undefined,
    environment: path.includes("{env}") ? paramOf(context, path, "env") : undefined,
  };
  if (isAllowed(caller.grants, { requirement, place })) return caller;
  throw accessDenied({ id, path: context.req.path, requirement });
}

/** An event stream outlives the question who asks, so it is asked again before each event: a token that was revoked or has expired gets no more of them. */
function whileAdmitted(answer: Response, admitAgain: () => Promise<Caller>): Response {
  if (answer.body === null || answer.headers.get("content-type") !== "text/event-stream") return answer;
  const gate = new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      const fault: unknown = await admitAgain().then(
        () => undefined,
        (error: unknown) => error,
      );
      // what only keeps control from asking (a database that is away) ends no stream
      if (fault instanceof ApiError && ENDED.has(fault.reason)) controller.terminate();
      else controller.enqueue(chunk);
    },
  });
  return new Response(answer.body.pipeThrough(gate), { headers: answer.headers });
}

const ENDED: ReadonlySet<ApiReason> = new Set<ApiReason>(["CREDENTIALS_MISSING", "CREDENTIALS_INVALID", "ACCESS_DENIED"]);

function bodyLimitsOf({ endpoint, parts }: Mounted): { readonly maxBodyBytes: number; readonly maxBodyDepth: number } {
  const { maxBodyBytes, maxLargeBodyBytes, maxBodyDepth } = parts.limits;
  return { maxBodyBytes: endpoint.takesLargeBody === true ? maxLargeBodyBytes : maxBodyBytes, maxBodyDepth };
}

function authorOf({ name, isVerified }: Caller): Pick<Stamp, "author" | "isAuthorVerified"> {
  return { author: name, isAuthorVerified: isVerified };
}

/** A header that nobody looks at would let a change through that its sender thinks is safe. */
function headerFaults({ method, headers }: Request, { isConditional, isStaged }: Endpoint): FieldViolation[] {
  if (method === "GET") return [];
  const unheeded = [
    {
      field: "if-match",
      isHeeded: isConditional === true,
      description: "Expected no condition, because this method does not look at one",
    },
    {
      field: SHARE_HEADER,
      isHeeded: isStaged === true,
      description: "Expected no share, because a change by this method is not tried on some gateways first",
    },
  ];
  return unheeded
    .filter(({ field, isHeeded }) => headers.has(field) && !isHeeded)
    .map(({ field, description }) => ({ field, description }));
}

function isForAbsent({ isForMissingOrganization, isForEveryOrganization }: Endpoint, organization: string): boolean {
  return isForMissingOrganization === true || (isForEveryOrganization === true && organization === EVERY_ORGANIZATION);
}

async function requireOrganization(store: ConfigStore, name: string): Promise<void> {
  if ((await store.organization(name)) === undefined) throw organizationNotFound(name);
}
