import { auditEntrySchema } from "@wherefrom/model";
import { z } from "zod";
import { organizationNotFound } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { PAGE_SIZE, PAGE_TOKEN, readPage } from "../http/page.ts";

/** Newest first. It is never shortened, and stays when its organization is deleted. */
export const listAuditLog: Endpoint = {
  summary: "Who changed what, when and why, the newest first; each entry is chained to the one before by its hash",
  answers: z.object({ entries: z.array(auditEntrySchema), nextPageToken: z.string().optional() }).meta({ id: "ListAuditLogResponse" }),
  query: { pageSize: PAGE_SIZE, pageToken: PAGE_TOKEN },
  isForMissingOrganization: true,
  async handle({ store, organization, query }) {
    const { items, nextPageToken } = await readPage(query, { read: store.audit, numberOf: ({ sequence }) => sequence });
    if (items.length === 0 && !query.has("pageToken")) throw organizationNotFound(organization);
    return jsonAnswer({ entries: items, nextPageToken });
  },
};
