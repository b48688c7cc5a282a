import {
  camelNamed,
  type FieldViolation,
  ORGANIZATION_FIELDS,
  ORGANIZATION_OUTPUT_FIELDS,
  type OrganizationSettings,
  operationSchema,
  organizationNameSchema,
  organizationSchema,
  organizationSettingsSchema,
  withoutFields,
} from "@wherefrom/model";
import { z } from "zod";
import { maySee } from "../access/allow.ts";
import type { OrganizationRecord } from "../config-store/port.ts";
import { ApiError, organizationNotFound, refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import { type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { etagOf, requireMatch } from "../http/etag.ts";
import type { JsonObject } from "../http/json-body.ts";
import { shownValue, violationsOf } from "../http/violations.ts";
import type { ControlLimits } from "../limits.ts";
import { finishOperation } from "./finish-operation.ts";
import { organizationJson } from "./organization-json.ts";

const PROJECTS = "projects/";
const RETENTIONS: readonly string[] = ["DELETION_RETENTION_UNSPECIFIED", "MINIMUM"];

const mappingSchema = z.object({ organization: z.string(), projectId: z.string() }).meta({ id: "OrganizationProjectMapping" });
const listSchema = z.object({ organizations: z.array(mappingSchema) }).meta({ id: "ListOrganizationsResponse" });

export const listOrganizations: Endpoint = {
  summary: "Names of the organizations",
  answers: listSchema,
  async handle({ parts, caller }) {
    const seen = (await parts.store.organizations()).filter(({ name }) => maySee(caller.grants, { organization: name }));
    return jsonAnswer({ organizations: seen.map(({ name }) => ({ organization: name, projectId: name })) });
  },
};

/** The name is that of the project in `parent`, as Apigee has it, or `name` in the body. */
export const createOrganization: Endpoint = {
  summary: "Creates an organization",
  takes: organizationSchema,
  answers: operationSchema,
  query: { parent: { type: "string", description: "projects/NAME: the name of the organization, as Apigee takes it" } },
  async handle(call) {
    const given = readOrganizationBody(await call.body());
    const name = newName(given, call.query.get("parent"));
    refuseFaults(given.violations);
    const count = (await call.parts.store.organizations()).length;
    const decide = (current: OrganizationRecord | undefined) => {
      requireNew(current);
      requireRoom(count, call.parts.limits);
      return { kind: "write", content: { settings: settingsAfter(given, {}) } } as const;
    };
    const { after, revision } = await call.parts.store.changeOrganization(name, { by: call.stamp(), decide });
    const made = after && ({ type: "Organization", body: organizationJson(after, []) } as const);
    const operation = await finishOperation(call.parts, { ...targetOf(name), operationType: "INSERT", made });
    return jsonAnswer(operation, etagOf(revision));
  },
};

export const getOrganization: Endpoint = {
  summary: "One organization",
  answers: organizationSchema,
  async handle({ parts, store, organization }) {
    const record = found(await parts.store.organization(organization), organization);
    return jsonAnswer(organizationJson(record, await store.names()), etagOf(record.revision));
  },
};

/** A field that the body leaves out keeps its value, as in an environment. */
export const updateOrganization: Endpoint = {
  summary: "Changes the fields that the body has",
  takes: organizationSchema,
  answers: organizationSchema,
  isConditional: true,
  async handle(call) {
    const { parts, organization } = call;
    const given = readOrganizationBody(await call.body());
    requireName(given, organization);
    refuseFaults(given.violations);
    const decide = (current: OrganizationRecord | undefined) => {
      const { settings, revision } = found(current, organization);
      requireMatch(call.header("if-match"), revision);
      return { kind: "write", content: { settings: settingsAfter(given, settings) } } as const;
    };
    const { after } = await parts.store.changeOrganization(organization, { by: call.stamp(), decide });
    const record = found(after, organization);
    return jsonAnswer(organizationJson(record, await call.store.names()), etagOf(record.revision));
  },
};

/** Only without environments: deleting what gateways run is a decision about each of them. The audit log stays. */
export const deleteOrganization: Endpoint = {
  summary: "Deletes an organization that has no environments",
  answers: operationSchema,
  query: {
    retention: { type: "string", enum: RETENTIONS, description: "Without effect: only the audit log is kept, and it is kept for ever" },
  },
  isConditional: true,
  async handle(call) {
    const { parts, organization, query } = call;
    requireRetention(query.get("retention"));
    const { revision } = await parts.store.changeOrganization(organization, {
      by: call.stamp(),
      decide: (current, environments) => {
        requireMatch(call.header("if-match"), found(current, organization).revision);
        if (environments.length === 0) return { kind: "delete" };
        const received = `${environments.length}: ${environments.slice(0, 5).join(", ")}`;
        throw new ApiError(
          "ORGANIZATION_NOT_EMPTY",
          `Environments: Expected none in an organization that is deleted, received ${received}`,
        );
      },
    });
    const operation = await finishOperation(parts, { ...targetOf(organization), operationType: "DELETE", made: undefined });
    return jsonAnswer(operation, etagOf(revision));
  },
};

function targetOf(organization: string): { readonly organization: string; readonly targetResourceName: string } {
  return { organization, targetResourceName: `organizations/${organization}` };
}

type GivenOrganization = { readonly name: unknown; readonly fields: JsonObject; readonly violations: FieldViolation[] };

function readOrganizationBody(body: JsonObject): GivenOrganization {
  const { name, ...fields } = camelNamed(withoutFields(body, ORGANIZATION_OUTPUT_FIELDS), ORGANIZATION_FIELDS) as JsonObject;
  const parsed = organizationSettingsSchema.safeParse(fields);
  return { name: name ?? undefined, fields, violations: parsed.success ? [] : [...violationsOf(parsed.error, fields)] };
}

function settingsAfter({ fields }: GivenOrganization, standing: OrganizationSettings): OrganizationSettings {
  return organizationSettingsSchema.parse({ ...standing, ...fields });
}

function newName(given: GivenOrganization, parent: string | null): string {
  const project = parent?.startsWith(PROJECTS) === true ? parent.slice(PROJECTS.length) : undefined;
  if (parent !== null && project === undefined) {
    given.violations.push(faultOf("parent", `Expected ${PROJECTS}NAME, received ${shownValue(parent)}`));
  }
  if (project !== undefined) requireName(given, project);
  const parsed = organizationNameSchema.safeParse(project ?? given.name);
  if (parsed.success) return parsed.data;
  given.violations.push(...violationsOf(parsed.error, project ?? given.name).map((fault) => ({ ...fault, field: "name" })));
  return "";
}

function requireName({ name, violations }: GivenOrganization, expected: string): void {
  if (name === undefined || name === expected) return;
  violations.push(faultOf("name", `Expected ${shownValue(expected)}, received ${shownValue(name)}`));
}

function faultOf(field: string, description: string): FieldViolation {
  return { field, description, reason: "FIELD_INVALID" satisfies FieldReason };
}

/** Nothing is kept of an organization but its audit log, so both of Apigee's retentions are the same here. */
function requireRetention(retention: string | null): void {
  if (retention === null || RETENTIONS.includes(retention)) return;
  const description = `Expected ${RETENTIONS.join(" or ")}, received ${shownValue(retention)}`;
  refuseFaults([{ field: "retention", description }], "QUERY_INVALID");
}

function requireNew(current: OrganizationRecord | undefined): void {
  if (current === undefined) return;
  throw new ApiError("ORGANIZATION_EXISTS", `Organization: Expected a new name, received ${current.name}, which exists`);
}

/** Two that create the last one at the same time may both succeed: the limit keeps control healthy, it is no quota. */
function requireRoom(count: number, { maxOrganizations }: ControlLimits): void {
  if (count < maxOrganizations) return;
  throw new ApiError("TOO_MANY_ORGANIZATIONS", `Organizations: Expected at most ${maxOrganizations}, received one more`);
}

function found(current: OrganizationRecord | undefined, name: string): OrganizationRecord {
  if (current !== undefined) return current;
  throw organizationNotFound(name);
}
