import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { rpcErrorSchema } from "@wherefrom/model";
import type { Context } from "hono";
import type { ControlParts } from "../parts.ts";
import { ApiError, errorAnswer, refuseFaults } from "./api-error.ts";
import type { Call, Endpoint, RouteLine } from "./endpoint.ts";
import { readJsonBody } from "./json-body.ts";

/** Apigee's clients may send these with any request. They change nothing here. Source: Google API discovery, `parameters`. */
const STANDARD_QUERY: ReadonlySet<string> = new Set([
  "$.xgafv",
  "access_token",
  "alt",
  "callback",
  "fields",
  "key",
  "oauth_token",
  "prettyPrint",
  "quotaUser",
  "uploadType",
  "upload_protocol",
]);

/** What Hono hands to each handler beside the request. */
export type ApiEnv = { Bindings: { requestId: string } };

const VERB = /\{([A-Za-z]+)\}:([A-Za-z]+)$/;

/**
 * Registers the route table: each line with its handler and its documentation, and for each path a 405 for every other method.
 * Lines with a custom verb must stand above the same path without it.
 */
export function mountRoutes(app: OpenAPIHono<ApiEnv>, lines: readonly RouteLine[], parts: ControlParts): void {
  for (const path of new Set(lines.map((line) => line[1]))) {
    const ofPath = lines.filter((line) => line[1] === path);
    for (const [method, , endpoint] of ofPath) {
      app.on(method, honoPathOf(path), (context) => answer(context, { endpoint, parts, path }));
      describe(app, [method, path, endpoint]);
    }
    const allowed = ofPath.map((line) => line[0]).join(", ");
    app.all(honoPathOf(path), ({ req, env }) => {
      const error = new ApiError("METHOD_NOT_ALLOWED", `Method: Expected ${allowed}, received ${req.method}`);
      const answer = errorAnswer(error, env.requestId);
      answer.headers.set("allow", allowed);
      return answer;
    });
  }
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

type Mounted = { readonly endpoint: Endpoint; readonly parts: ControlParts; readonly path: string };

async function answer(context: Context, { endpoint, parts, path }: Mounted): Promise<Response> {
  const request = context.req.raw;
  const call: Call = {
    parts,
    param: (name) => paramOf(context, path, name),
    query: new URL(request.url).searchParams,
    header: (name) => request.headers.get(name),
    body: () => readJsonBody(request, parts.limits),
    signal: request.signal,
  };
  if (path.includes("{org}")) requireOrganization(call);
  requireKnownQuery(call.query, endpoint.query ?? []);
  return endpoint.handle(call);
}

function requireOrganization(call: Call): void {
  const name = call.param("org");
  if (name === call.parts.organization) return;
  throw new ApiError("ORGANIZATION_NOT_FOUND", `Organization: Expected ${call.parts.organization}, received ${JSON.stringify(name)}`);
}

/** A misspelt `updateMask` that went unseen would change more than was meant. */
function requireKnownQuery(query: URLSearchParams, known: readonly string[]): void {
  const unknown = [...new Set(query.keys())].filter((name) => !known.includes(name) && !STANDARD_QUERY.has(name));
  const expected = known.length === 0 ? "Expected no query parameter here" : `Expected no query parameter but ${known.join(", ")}`;
  refuseFaults(
    unknown.map((field) => ({ field, description: expected })),
    "QUERY_INVALID",
  );
}

function describe(app: OpenAPIHono<ApiEnv>, [method, path, endpoint]: RouteLine): void {
  const params = [...path.matchAll(/\{([A-Za-z]+)\}/g)].map((match) => match[1] ?? "");
  const names = endpoint.query ?? [];
  app.openAPIRegistry.registerPath({
    method: method.toLowerCase() as Lowercase<typeof method>,
    path,
    summary: endpoint.summary,
    request: {
      params: z.object(Object.fromEntries(params.map((name) => [name, z.string()]))),
      query: z.object(Object.fromEntries(names.map((name) => [name, z.string().optional()]))),
      ...(endpoint.takes && { body: { required: true, content: { "application/json": { schema: endpoint.takes } } } }),
    },
    responses: {
      200: { description: "Done", content: { "application/json": { schema: endpoint.answers } } },
      default: { description: "Refused", content: { "application/json": { schema: rpcErrorSchema } } },
    },
  });
}
