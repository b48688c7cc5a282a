import { type FieldViolation, securityIncidentSchema } from "@wherefrom/model";
import { z } from "zod";
import type { IncidentState } from "../config-store/incident-port.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import type { JsonObject } from "../http/json-body.ts";
import { messageBody } from "../http/message-body.ts";
import { shownValue } from "../http/violations.ts";
import { environmentName } from "./environment-json.ts";
import { incidentJson, incidentMissing, keyOf, readState } from "./security-incidents.ts";

const MAX_REQUESTS = 1_000;

const updateMask = z.string("Expected a text").optional().meta({ format: "google-fieldmask", description: "As patch takes it" });

const updateSchema = z
  .strictObject({ securityIncident: securityIncidentSchema.describe("As patch takes it, with its name"), updateMask })
  .meta({ id: "UpdateSecurityIncidentRequest" });

function batchOf<Update extends z.ZodType>(update: Update) {
  return z.strictObject({
    requests: z
      .array(update, "Expected a list of requests")
      .min(1, "Expected at least one request")
      .max(MAX_REQUESTS, `Expected at most ${MAX_REQUESTS} requests`),
  });
}

/** The incidents themselves are judged one by one, so that all faults are told together. */
const BATCH = messageBody(
  batchOf(z.strictObject({ securityIncident: z.record(z.string(), z.unknown(), "Expected an incident"), updateMask })),
);
type Requests = ReturnType<typeof BATCH.read>["requests"];

/** What is to become of an incident, by its id. */
type Wanted = ReadonlyMap<string, (standing: IncidentState) => IncidentState>;

/** Sets the states of many incidents, of all of them or of none. */
export const batchUpdateIncidents: Endpoint = {
  summary: "Acknowledges, closes or opens up to 1,000 incidents in one step",
  takes: batchOf(updateSchema).meta({ id: "BatchUpdateSecurityIncidentsRequest" }),
  answers: z.object({ securityIncidents: z.array(securityIncidentSchema) }).meta({ id: "BatchUpdateSecurityIncidentsResponse" }),
  async handle(call) {
    const key = await keyOf(call);
    const wanted = readWanted(call, BATCH.read(BATCH.given(await call.body())).requests);
    const ids = [...wanted.keys()];
    const changed = await call.parts.store.incidents.changeAll(key, ids, {
      by: call.stamp(),
      decide: ({ id, state, securityAction }) => ({ state: wanted.get(id)?.(state) ?? state, securityAction }),
    });
    const byId = new Map(changed.map((incident) => [incident.id, incident]));
    const securityIncidents = ids.map((id) => incidentJson(call, byId.get(id) ?? incidentMissing(id)));
    return jsonAnswer({ securityIncidents });
  },
};

/** Errors: `ApiError` FIELDS_INVALID with every fault of every request. */
function readWanted(call: Call, requests: Requests): Wanted {
  const wanted = new Map<string, (standing: IncidentState) => IncidentState>();
  const violations: FieldViolation[] = [];
  for (const [at, { securityIncident, updateMask }] of requests.entries()) {
    const place = `requests/${at}`;
    const fault = (description: string): void =>
      void violations.push({ field: `${place}/securityIncident/name`, description, reason: "FIELD_INVALID" satisfies FieldReason });
    const id = idIn(call, securityIncident);
    if (id === undefined) fault(`Expected the name of an incident of this environment, received ${shownValue(securityIncident["name"])}`);
    else if (wanted.has(id)) fault(`Expected each incident once, received ${shownValue(securityIncident["name"])} again`);
    const state = stateOf({ securityIncident, updateMask, place, violations });
    if (id !== undefined && state !== undefined) wanted.set(id, state);
  }
  refuseFaults(violations);
  return wanted;
}

function idIn({ organization, param }: Call, { name }: JsonObject): string | undefined {
  const before = `${environmentName(organization, param("env"))}/securityIncidents/`;
  const id = typeof name === "string" && name.startsWith(before) ? name.slice(before.length) : "";
  return id === "" || id.includes("/") ? undefined : id;
}

type Reading = {
  readonly securityIncident: JsonObject;
  readonly updateMask: string | undefined;
  readonly place: string;
  /** Gets what is wrong. */
  readonly violations: FieldViolation[];
};

function stateOf({ securityIncident, updateMask, place, violations }: Reading): ((standing: IncidentState) => IncidentState) | undefined {
  try {
    return readState(securityIncident, updateMask ?? null);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const placeOf = (field: string): string => (field === "updateMask" ? `${place}/${field}` : `${place}/securityIncident/${field}`);
    violations.push(...error.violations.map((violation) => ({ ...violation, field: placeOf(violation.field) })));
    return undefined;
  }
}
