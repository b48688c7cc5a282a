import { operationSchema } from "@wherefrom/model";
import { z } from "zod";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { PAGE_SIZE, PAGE_TOKEN, readPage } from "../http/page.ts";
import { shownValue } from "../http/violations.ts";

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
  answers: z.object({ operations: z.array(operationSchema), nextPageToken: z.string().optional() }).meta({ id: "ListOperationsResponse" }),
  query: {
    filter: { type: "string", description: "Refused: there is no filter" },
    pageSize: PAGE_SIZE,
    pageToken: PAGE_TOKEN,
    returnPartialSuccess: { type: "boolean", description: "Without effect: a page is never partial" },
  },
  async handle({ store, query }) {
    refuseFilter(query.get("filter"));
    const { items, nextPageToken } = await readPage(query, { read: store.operations, numberOf: ({ position }) => position });
    return jsonAnswer({ operations: items.map(({ operation }) => operation), nextPageToken });
  },
};

function refuseFilter(filter: string | null): void {
  if (filter) refuseFaults([{ field: "filter", description: `Expected no filter, received ${shownValue(filter)}` }], "QUERY_INVALID");
}
