import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { z } from "zod";
import { QUERY_STATES, type QueryRecord } from "../config-store/query-port.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import { EMPTY } from "../http/empty.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { shownValue } from "../http/violations.ts";
import { environmentName } from "./environment-json.ts";
import { querySchema, readQueryBody } from "./query-body.ts";
import { requireEventStore } from "./require-event-store.ts";
import { keyOf } from "./security-incidents.ts";

const zipped = promisify(gzip);

const int64 = z.string().meta({ format: "int64" });

const resultSchema = z.object({ self: z.string(), expires: z.string().describe("When it is forgotten") }).meta({ id: "AsyncQueryResult" });

const metadataSchema = z
  .object({
    dimensions: z.array(z.string()),
    metrics: z.array(z.string()),
    startTimestamp: z.string(),
    endTimestamp: z.string(),
    timeUnit: z.string().optional(),
    outputFormat: z.string(),
  })
  .meta({ id: "QueryMetadata" });

const asyncQuerySchema = z
  .object({
    self: z.string(),
    name: z.string().optional(),
    state: z.enum(QUERY_STATES),
    created: z.string(),
    updated: z.string(),
    error: z.string().optional().describe("Why it failed"),
    executionTime: z.string().optional(),
    resultFileSize: z.string().optional().describe("In bytes"),
    resultRows: int64.optional(),
    result: resultSchema.optional().describe("Once it is completed"),
    queryParams: metadataSchema,
  })
  .meta({ id: "AsyncQuery" });

/** Source: Apigee, `organizations.environments.queries.create`. */
export const createQuery: Endpoint = {
  summary: "Asks for metrics over the events of an environment, to be answered in the background",
  takes: querySchema,
  answers: asyncQuerySchema,
  async handle(call) {
    const { parts } = call;
    requireEventStore(call);
    const key = await keyOf(call);
    const asked = readQueryBody(await call.body(), { limits: parts.limits, now: parts.now() });
    const { author: submittedBy } = call.stamp();
    const query = await parts.store.queries.add(key, { asked, submittedBy, at: parts.now(), keeping: parts.limits });
    if (query === undefined)
      throw new ApiError("TOO_MANY_QUERIES", `Queries: Expected at most ${parts.limits.maxOpenQueries} that are not over`);
    void parts.queryRuns.look();
    return jsonAnswer(queryJson(call, query));
  },
};

export const listQueries: Endpoint = {
  summary: "Queries of an environment, the newest first",
  answers: z.object({ queries: z.array(asyncQuerySchema) }).meta({ id: "ListAsyncQueriesResponse" }),
  query: {
    dataset: { type: "string", description: "api, which all are of" },
    from: { type: "string", description: "Those created after, such as 2026-11-25T00:00:00Z" },
    to: { type: "string", description: "Those created before" },
    status: { type: "string", description: `One of ${QUERY_STATES.join(", ")}` },
    submittedBy: { type: "string", description: "Who asked" },
    inclQueriesWithoutReport: { type: "string", description: "Without effect: none has a report" },
  },
  async handle(call) {
    const isWanted = readListing(call.query);
    const { store, limits } = call.parts;
    // those that are not over are kept beyond the number
    const all = await store.queries.list(await keyOf(call), { limit: limits.maxQueries + limits.maxOpenQueries });
    return jsonAnswer({ queries: all.filter(isWanted).map((query) => queryJson(call, query)) });
  },
};

export const getQuery: Endpoint = {
  summary: "How far a query is",
  answers: asyncQuerySchema,
  handle: async (call) => jsonAnswer(queryJson(call, await requireQuery(call))),
};

/** Ours: who has its result, or did not mean it, need not wait until it is forgotten. */
export const deleteQuery: Endpoint = {
  summary: "Forgets a query and its result; one that is not over ends nothing any more",
  answers: EMPTY,
  async handle(call) {
    const id = call.param("query");
    if (!(await call.parts.store.queries.remove(await keyOf(call), id))) queryMissing(id);
    return jsonAnswer({});
  },
};

/** Not zipped, as Apigee's is. Whoever accepts gzip gets that. */
export const getQueryResult: Endpoint = {
  summary: "The result of a query that is completed: lines of JSON, or CSV",
  answers: z.unknown().meta({ id: "HttpBody" }),
  async handle(call) {
    const query = await requireQuery(call);
    const text = await requireResult(call, query);
    const { outputFormat } = query.asked;
    const type = outputFormat === "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson";
    const disposition = `attachment; filename="OfflineQueryResult-${query.id}.${outputFormat === "csv" ? "csv" : "jsonl"}"`;
    const headers = { "content-type": type, "content-disposition": disposition, "cache-control": "no-store", vary: "accept-encoding" };
    if (!acceptsGzip(call.header("accept-encoding") ?? "")) return new Response(text, { headers });
    return new Response(await zipped(text), { headers: { ...headers, "content-encoding": "gzip" } });
  },
};

/** The one URL is that of `getQueryResult`, which asks for a credential as everything does. */
export const getQueryResultUrl: Endpoint = {
  summary: "Where the result of a query that is completed is",
  answers: z
    .object({
      urls: z.array(
        z
          .object({ uri: z.string(), md5: z.string().describe("Of the result, in base64"), sizeBytes: int64 })
          .meta({ id: "GetAsyncQueryResultUrlResponseURLInfo" }),
      ),
    })
    .meta({ id: "GetAsyncQueryResultUrlResponse" }),
  async handle(call) {
    const query = await requireQuery(call);
    const text = await requireResult(call, query);
    const md5 = createHash("md5").update(text).digest("base64");
    return jsonAnswer({
      urls: [{ uri: `${call.origin}/v1${selfOf(call, query)}/result`, md5, sizeBytes: String(Buffer.byteLength(text)) }],
    });
  },
};

/** Source: RFC 9110 §12.5.3. */
function acceptsGzip(accepted: string): boolean {
  return accepted.split(",").some((coding) => /^\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)[0-9.]+\s*)?$/i.test(coding));
}

async function requireQuery(call: Call): Promise<QueryRecord> {
  const id = call.param("query");
  const query = await call.parts.store.queries.read(await keyOf(call), id);
  if (query !== undefined && !isForgotten(call, query)) return query;
  return queryMissing(id);
}

function queryMissing(id: string): never {
  throw new ApiError("QUERY_NOT_FOUND", `Query: Expected one that is kept, received ${JSON.stringify(id)}`);
}

async function requireResult(call: Call, { key, id, state }: QueryRecord): Promise<string> {
  const text = await call.parts.store.queries.result(key, id);
  if (text !== undefined) return text;
  throw new ApiError("QUERY_NOT_COMPLETED", `Query: Expected one that is completed, and this one is ${state}`);
}

/** It goes from the database a little later. */
function isForgotten({ parts }: Call, { state, updatedAt }: QueryRecord): boolean {
  return (state === "completed" || state === "failed") && updatedAt < parts.now() - parts.limits.queryMaxAgeMs;
}

function selfOf({ organization, param }: Call, { id }: QueryRecord): string {
  return `/${environmentName(organization, param("env"))}/queries/${id}`;
}

function queryJson(call: Call, query: QueryRecord): z.infer<typeof asyncQuerySchema> {
  const { asked, state, createdAt, updatedAt, error, executionMs, rows, resultBytes } = query;
  const self = selfOf(call, query);
  const parameters = new URLSearchParams(asked.parameters);
  const [startTimestamp = "", endTimestamp = ""] = (parameters.get("timeRange") ?? "").split("~");
  const timeUnit = parameters.get("timeUnit");
  const expires = new Date(updatedAt + call.parts.limits.queryMaxAgeMs).toISOString();
  return {
    self,
    ...(asked.name !== undefined && { name: asked.name }),
    state,
    created: new Date(createdAt).toISOString(),
    updated: new Date(updatedAt).toISOString(),
    ...(error !== undefined && { error }),
    ...(executionMs !== undefined && { executionTime: `${executionMs / 1_000} sec` }),
    ...(resultBytes !== undefined && { resultFileSize: String(resultBytes) }),
    ...(rows !== undefined && { resultRows: String(rows) }),
    ...(state === "completed" && { result: { self: `${self}/result`, expires } }),
    queryParams: {
      dimensions: asked.dimensions === "-" ? [] : asked.dimensions.split(","),
      metrics: (parameters.get("select") ?? "").split(",").map((select, index) => metricText(select, asked.columns[index] ?? "")),
      startTimestamp,
      endTimestamp,
      ...(timeUnit !== null && { timeUnit }),
      outputFormat: asked.outputFormat,
    },
  };
}

function metricText(select: string, alias: string): string {
  const { aggregate = "sum", metric = select } = /^(?<aggregate>[a-z]+)\((?<metric>.+)\)$/.exec(select)?.groups ?? {};
  return `name:${metric},func:${aggregate},alias:${alias}`;
}

function readListing(query: URLSearchParams): (query: QueryRecord) => boolean {
  const [from, to, status, submittedBy, dataset] = ["from", "to", "status", "submittedBy", "dataset"].map(
    (name) => query.get(name) || undefined,
  );
  const [after, before] = [from, to].map((text) => (text === undefined ? undefined : Date.parse(text)));
  const faults = [
    ...(Number.isNaN(after) ? [{ field: "from", description: `Expected a time, received ${shownValue(from)}` }] : []),
    ...(Number.isNaN(before) ? [{ field: "to", description: `Expected a time, received ${shownValue(to)}` }] : []),
    ...(status !== undefined && !QUERY_STATES.some((state) => state === status)
      ? [{ field: "status", description: `Expected one of ${QUERY_STATES.join(", ")}, received ${shownValue(status)}` }]
      : []),
    ...(dataset !== undefined && dataset !== "api"
      ? [{ field: "dataset", description: `Expected api, received ${shownValue(dataset)}` }]
      : []),
  ];
  refuseFaults(faults, "QUERY_INVALID");
  return (record) =>
    (after === undefined || record.createdAt > after) &&
    (before === undefined || record.createdAt < before) &&
    (status === undefined || record.state === status) &&
    (submittedBy === undefined || record.submittedBy === submittedBy);
}
