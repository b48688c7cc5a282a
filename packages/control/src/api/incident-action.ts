import { type FieldViolation, securityActionWireSchema } from "@wherefrom/model";
import { z } from "zod";
import type { IncidentRecord } from "../config-store/incident-port.ts";
import { ApiError } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { etagOf } from "../http/etag.ts";
import type { JsonObject } from "../http/json-body.ts";
import { messageBody } from "../http/message-body.ts";
import { type SecurityContent, type StoredSecurityAction, securityOf } from "../security-content.ts";
import { readAction } from "./security-action-body.ts";
import { actionJson, changeSecurity, requireAction, withNewAction } from "./security-actions.ts";
import { incidentTitle, keyOf, requireIncident } from "./security-incidents.ts";

const { ttl, deny, flag, isObserved, apiProxies, description } = securityActionWireSchema.shape;

const requestSchema = z
  .strictObject({
    deny: deny.describe("Denies the client. The default, with 403"),
    flag: flag.describe("Flags its requests"),
    ttl: ttl.describe("How long it holds"),
    isObserved,
    apiProxies,
    description,
  })
  .meta({ id: "CreateSecurityActionOfIncidentRequest" });
const REQUEST = messageBody(requestSchema);

/**
 * One call from an incident to a security action of its client. Asked again, it answers the action that stands: it is made once. First the action and then
 * the incident's state are stored, so that whoever heard no answer may ask again.
 */
export const createActionOfIncident: Endpoint = {
  summary: "Denies or flags the client of an incident for a time, by a security action",
  takes: requestSchema,
  answers: securityActionWireSchema,
  isConditional: true,
  async handle(call) {
    const given = REQUEST.given(await call.body());
    REQUEST.read(given, faultsOf(given, call.parts.limits));
    const incident = await requireIncident(call);
    if (given["flag"] === undefined) refuseShared(incident);
    const name = `incident-${incident.id}`;
    const nowMs = call.parts.now();
    const action = readAction(actionBody(given, { incident, ttlMs: call.parts.limits.incidentActionTtlMs }), { name, nowMs });
    const record = await changeSecurity(call, (security) => {
      const standing = security.actions.find((stored) => stored.action.name === name);
      if (standing === undefined || isOver(standing, nowMs)) return withNewAction(call, without(security, name), { action, nowMs });
      refuseOther(standing, action);
      return security;
    });
    await call.parts.store.incidents.change(await keyOf(call), incident.id, {
      by: call.stamp(),
      decide: () => ({ state: "CONVERTED", securityAction: name }),
    });
    return jsonAnswer(actionJson(call, requireAction(securityOf(record), name)), etagOf(record.revision));
  },
};

function faultsOf(given: JsonObject, { maxIncidentActionTtlMs }: Call["parts"]["limits"]): FieldViolation[] {
  const fault = (field: string, text: string): FieldViolation[] => [
    { field, description: text, reason: "FIELD_INVALID" satisfies FieldReason },
  ];
  const ttlMs = typeof given["ttl"] === "string" ? Number.parseFloat(given["ttl"]) * 1_000 : 0;
  return [
    ...(given["deny"] !== undefined && given["flag"] !== undefined ? fault("flag", "Expected deny or flag, received both") : []),
    ...(ttlMs > maxIncidentActionTtlMs
      ? fault("ttl", `Expected at most ${maxIncidentActionTtlMs / 1_000}s, received ${given["ttl"]}`)
      : []),
  ];
}

/** Many people behind one address are not denied for what they are together. Who knows better creates the security action. */
function refuseShared({ isShared, client }: IncidentRecord): void {
  if (!isShared) return;
  throw new ApiError(
    "SECURITY_INCIDENT_SHARED",
    `Incident: Expected one client, received ${client}, which many people seem to share: a deny would shut all of them out. Flag it, or create a security action yourself if you know who it is`,
  );
}

type Making = { readonly incident: IncidentRecord; readonly ttlMs: number };

/** The whole action, as a client would create it. */
function actionBody(given: JsonObject, { incident, ttlMs }: Making): JsonObject {
  return {
    state: "ENABLED",
    description: incidentTitle(incident),
    ttl: `${ttlMs / 1_000}s`,
    conditionConfig: { ipAddressRanges: [incident.client] },
    ...(given["flag"] === undefined && { deny: {} }),
    ...given,
  };
}

function isOver({ action: { expireTime } }: StoredSecurityAction, nowMs: number): boolean {
  return expireTime !== undefined && Date.parse(expireTime) <= nowMs;
}

function without(security: SecurityContent, name: string): SecurityContent {
  return { ...security, actions: security.actions.filter(({ action }) => action.name !== name) };
}

/** An action that does something else, or nothing, is no answer to whoever wants this one. */
function refuseOther({ action: standing }: StoredSecurityAction, wanted: StoredSecurityAction["action"]): void {
  const isSame = standing.deny?.responseCode === wanted.deny?.responseCode && (standing.flag === undefined) === (wanted.flag === undefined);
  if (isSame && standing.state === "ENABLED" && standing.isObserved === wanted.isObserved) return;
  throw new ApiError(
    "SECURITY_ACTION_EXISTS",
    `Security action: Expected none of this incident that does something else, received ${standing.name}, which is ${standing.state}: change that one`,
  );
}
