import { type FieldViolation, parseFieldMask, securityIncidentSchema } from "@wherefrom/model";
import { z } from "zod";
import type { IncidentRecord, IncidentState } from "../config-store/incident-port.ts";
import type { EnvironmentKey } from "../config-store/port.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import type { JsonObject } from "../http/json-body.ts";
import { messageBody } from "../http/message-body.ts";
import { PAGE_SIZE, PAGE_TOKEN, readPage } from "../http/page.ts";
import { shownValue } from "../http/violations.ts";
import { environmentName } from "./environment-json.ts";
import { requireEnvironment } from "./environments.ts";
import { readIncidentFilter } from "./security-incident-filter.ts";

const INCIDENT = messageBody(securityIncidentSchema);
/** How many times its bound an amount is for a risk. */
const MODERATE_TIMES = 3;
const SEVERE_TIMES = 10;

/** The newest first. */
export const listSecurityIncidents: Endpoint = {
  summary: "Clients of an environment that look like abusers, the newest first",
  answers: z
    .object({ securityIncidents: z.array(securityIncidentSchema), nextPageToken: z.string().optional() })
    .meta({ id: "ListSecurityIncidentsResponse" }),
  query: {
    filter: { type: "string", description: 'By state, observability and detectionTypes: state = OPEN AND detectionTypes:"Flooder"' },
    pageSize: PAGE_SIZE,
    pageToken: PAGE_TOKEN,
  },
  async handle(call) {
    const isWanted = readIncidentFilter(call.query.get("filter") ?? "");
    const { store, limits } = call.parts;
    const wanted = (await store.incidents.list(await keyOf(call), { limit: limits.maxIncidents })).filter(isWanted);
    const { items, nextPageToken } = await readPage(call.query, {
      read: async ({ limit, before = Number.POSITIVE_INFINITY }) => wanted.filter(({ position }) => position < before).slice(0, limit),
      numberOf: ({ position }) => position,
    });
    return jsonAnswer({ securityIncidents: items.map((item) => incidentJson(call, item)), nextPageToken });
  },
};

export const getSecurityIncident: Endpoint = {
  summary: "One incident",
  answers: securityIncidentSchema,
  handle: async (call) => jsonAnswer(incidentJson(call, await requireIncident(call))),
};

export const patchSecurityIncident: Endpoint = {
  summary: "Acknowledges an incident, closes it, or opens it again",
  takes: securityIncidentSchema,
  answers: securityIncidentSchema,
  query: { updateMask: { type: "string", format: "google-fieldmask", description: "state, observability, or * for those in the body" } },
  async handle(call) {
    const wanted = readState(await call.body(), call.query.get("updateMask"));
    const { id } = await requireIncident(call);
    const changed = await call.parts.store.incidents.change(await keyOf(call), id, {
      by: call.stamp(),
      decide: ({ state, securityAction }) => ({ state: wanted(state), securityAction }),
    });
    return jsonAnswer(incidentJson(call, found(changed, id)));
  },
};

/** The incident that the path names. Errors: `ApiError` SECURITY_INCIDENT_NOT_FOUND, ENVIRONMENT_NOT_FOUND. */
export async function requireIncident(call: Call): Promise<IncidentRecord> {
  const id = call.param("incident");
  return found(await call.parts.store.incidents.read(await keyOf(call), id), id);
}

export async function keyOf({ organization, store, param }: Call): Promise<EnvironmentKey> {
  const { name } = await requireEnvironment(store, param("env"));
  return { organization, environment: name };
}

function found(incident: IncidentRecord | undefined, id: string): IncidentRecord {
  return incident ?? incidentMissing(id);
}

/** Errors: `ApiError` SECURITY_INCIDENT_NOT_FOUND, always. */
export function incidentMissing(id: string): never {
  throw new ApiError("SECURITY_INCIDENT_NOT_FOUND", `Incident: Expected one that is kept, received ${JSON.stringify(id)}`);
}

/** An incident in a line, for people. */
export function incidentTitle({ isShared, rule, client }: IncidentRecord): string {
  return `${isShared ? "Shared address" : rule}: ${client}`;
}

/** An incident as the API shows it. */
export function incidentJson({ organization, param }: Call, incident: IncidentRecord): object {
  const { id, rule, client, state, isShared, evidence, securityAction, firstSeenAt, lastSeenAt, changedAt } = incident;
  const environment = environmentName(organization, param("env"));
  return {
    name: `${environment}/securityIncidents/${id}`,
    displayName: incidentTitle(incident),
    detectionTypes: [rule],
    client,
    sharedAddress: isShared,
    state,
    observability: state === "CLOSED" ? "ARCHIVED" : "ACTIVE",
    riskLevel: riskOf(incident),
    trafficCount: String(Math.round(evidence.counts["requests"] ?? 0)),
    firstDetectedTime: new Date(firstSeenAt).toISOString(),
    lastDetectedTime: new Date(lastSeenAt).toISOString(),
    lastObservabilityChangeTime: new Date(changedAt).toISOString(),
    ...(securityAction !== undefined && { securityAction: `${environment}/securityActions/${securityAction}` }),
    evidence,
  };
}

/** By how far the amount is above its bound. A shared address is no risk by its number alone. */
function riskOf({ isShared, evidence: { amount, amountBound } }: IncidentRecord): "LOW" | "MODERATE" | "SEVERE" {
  if (isShared || amount < MODERATE_TIMES * amountBound) return "LOW";
  return amount < SEVERE_TIMES * amountBound ? "MODERATE" : "SEVERE";
}

/** What becomes of a state by the fields of a body that are in the mask. Errors: `ApiError` FIELDS_INVALID with every fault. */
export function readState(body: JsonObject, updateMask: string | null): (standing: IncidentState) => IncidentState {
  const violations: FieldViolation[] = [];
  const mask = updateMask === null || updateMask === "" ? "*" : updateMask;
  const masked = parseFieldMask(mask, INCIDENT.fields).flatMap((path): string[] => {
    if (path.kind === "path") return [path.names[0] ?? ""];
    violations.push({
      field: "updateMask",
      description: `Expected state, observability or *, received ${shownValue(path.text)}`,
      reason: "MASK_PATH_INVALID" satisfies FieldReason,
    });
    return [];
  });
  const given = INCIDENT.given(body);
  INCIDENT.read(given, violations);
  const { state, observability } = INCIDENT.read(Object.fromEntries(Object.entries(given).filter(([field]) => masked.includes(field))));
  refuseFaults(faultsOf({ state, observability }));
  if (state !== undefined) return () => state;
  return (standing) => {
    if (observability === "ARCHIVED") return "CLOSED";
    return standing === "CLOSED" ? "OPEN" : standing;
  };
}

type Meant = { readonly state: IncidentState | undefined; readonly observability: "ACTIVE" | "ARCHIVED" | undefined };

function faultsOf({ state, observability }: Meant): FieldViolation[] {
  const fault = (field: string, description: string): FieldViolation[] => [
    { field, description, reason: "FIELD_INVALID" satisfies FieldReason },
  ];
  if (state === undefined && observability === undefined) return fault("state", "Expected a state or an observability, received neither");
  if (state === "CONVERTED")
    return fault("state", "Expected OPEN, ACKNOWLEDGED or CLOSED: an incident is converted by :createSecurityAction");
  if (state === undefined || observability === undefined || (state === "CLOSED") === (observability === "ARCHIVED")) return [];
  return fault("observability", `Expected what the state ${state} means, received ${observability}`);
}
