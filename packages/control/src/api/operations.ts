import { type FieldViolation, operationSchema } from "@wherefrom/model";
import { z } from "zod";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { shownValue } from "../http/violations.ts";

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1_000;

/** Also of an organization that was deleted, so that whoever deleted it can ask how that went. */
export const getOperation: Endpoint = {
  summary: "One operation",
  isForMissingOrganization: true,
  answers: operationSchema,
  async handle({ store, organization, param }) {
    const name = `organizations/${organization}/operations/${param("operation")}`;
    const operation = await store.operation(name);
    if (operation !== undefined) return jsonAnswer(operation);
    throw new ApiError("OPERATION_NOT_FOUND", `Operation: Expected one that is kept, received ${JSON.stringify(name)}`);
  },
};

/** Newest first. There is no filter yet, so one that is given is refused and not passed over. */
export const listOperations: Endpoint = {
  summary: "Operations, the newest first",
  answers: z.object({ operations: z.array(operationSchema), nextPageToken: z.string().optional() }),
  query: ["filter", "pageSize", "pageToken", "returnPartialSuccess"],
  async handle({ store, query }) {
    const { limit, before } = readPage(query);
    const found = await store.operations({ limit: limit + 1, before });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const next = found.length > limit && last !== undefined ? { nextPageToken: String(last.position) } : {};
    return jsonAnswer({ operations: page.map(({ operation }) => operation), ...next });
  },
};

function readPage(query: URLSearchParams): { readonly limit: number; readonly before: number | undefined } {
  const violations: FieldViolation[] = [];
  const pageSize = readCount(query.get("pageSize"), { field: "pageSize", violations });
  const before = readCount(query.get("pageToken"), { field: "pageToken", violations });
  const filter = query.get("filter");
  if (filter) violations.push({ field: "filter", description: `Expected no filter, received ${shownValue(filter)}` });
  refuseFaults(violations, "QUERY_INVALID");
  return { limit: Math.min(pageSize || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE), before };
}

function readCount(text: string | null, { field, violations }: { field: string; violations: FieldViolation[] }): number | undefined {
  if (text === null || text === "") return undefined;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  violations.push({ field, description: `Expected a count, received ${shownValue(text)}` });
  return undefined;
}
