import {
  camelNamed,
  diffJson,
  environmentNameSchema,
  type FieldViolation,
  type JsonChange,
  ORGANIZATION_FIELDS,
  type OrganizationSettings,
  organizationSettingsSchema,
  routeSchema,
} from "@wherefrom/model";
import type { Change, EnvironmentContent, EnvironmentRecord, OrganizationContent, Standing } from "../config-store/port.ts";
import { refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import type { JsonObject } from "../http/json-body.ts";
import { shownValue, violationsOf } from "../http/violations.ts";
import type { ControlParts } from "../parts.ts";
import { providersFor } from "../ranges.ts";
import type { ApplyBody } from "./apply-body.ts";
import { declaredSettings, readEnvironmentBody } from "./environment-body.ts";
import { declaredContent, documentOf } from "./environment-json.ts";
import { readRoutes } from "./route-body.ts";

/** What applying a document comes to. */
export type Plan = {
  readonly isDryRun: boolean;
  readonly steps: readonly PlanStep[];
  readonly organization: OrganizationContent | undefined;
  readonly environments: ReadonlyMap<string, Change<EnvironmentContent>>;
  readonly unchanged: readonly string[];
  readonly kept: readonly string[];
};

type PlanStep = {
  /** `undefined`: the organization itself. */
  readonly environment: string | undefined;
  readonly change: "CREATED" | "UPDATED" | "DELETED";
  readonly changes: readonly JsonChange[];
};

/**
 * Plans how an organization gets from what stands to what a document says. Pure.
 *
 * Errors: `ApiError` FIELDS_INVALID with every fault of the whole document.
 */
export function planOf(body: ApplyBody, standing: Standing, { limits, ranges }: Pick<ControlParts, "limits" | "ranges">): Plan {
  const violations: FieldViolation[] = [];
  const organization = body.organization && declaredOrganization(body.organization, violations);
  const declared = declaredEnvironments(body.environments, { standing, limits, ranges, violations });
  const missing = [...standing.environments.keys()].filter((name) => !declared.has(name));
  const count = declared.size + (body.prune === true ? 0 : missing.length);
  if (count > limits.maxEnvironments)
    violations.push(faultOf("environments", `Expected at most ${limits.maxEnvironments}, received ${count}`));
  refuseFaults(violations);
  const removed = body.prune === true ? missing : [];
  const written = [...declared].map(([name, content]) => ({
    name,
    content,
    changes: changesBetween(standing.environments.get(name), content),
  }));
  const changed = written.filter(({ name, changes }) => changes.length > 0 || !standing.environments.has(name));
  const organizationChanges = organization === undefined ? [] : diffJson(standing.organization.settings, organization);
  return {
    isDryRun: body.validateOnly === true,
    steps: [
      ...(organizationChanges.length > 0 ? [{ environment: undefined, change: "UPDATED" as const, changes: organizationChanges }] : []),
      ...changed.map(({ name, changes }) => {
        const change = standing.environments.has(name) ? ("UPDATED" as const) : ("CREATED" as const);
        return { environment: name, change, changes };
      }),
      ...removed.map((name) => {
        const changes = changesBetween(standing.environments.get(name), undefined);
        return { environment: name, change: "DELETED" as const, changes };
      }),
    ],
    organization: organizationChanges.length > 0 && organization !== undefined ? { settings: organization } : undefined,
    environments: new Map<string, Change<EnvironmentContent>>([
      ...changed.map(({ name, content }) => [name, { kind: "write", content }] as const),
      ...removed.map((name) => [name, { kind: "delete" }] as const),
    ]),
    unchanged: written.filter((step) => !changed.includes(step)).map(({ name }) => name),
    kept: body.prune === true ? [] : missing,
  };
}

function declaredOrganization(given: JsonObject, violations: FieldViolation[]): OrganizationSettings {
  const fields = camelNamed(given, ORGANIZATION_FIELDS);
  const parsed = organizationSettingsSchema.safeParse(fields);
  if (parsed.success) return parsed.data;
  violations.push(...violationsOf(parsed.error, fields).map((fault) => ({ ...fault, field: `organization/${fault.field}` })));
  return {};
}

type Judging = Pick<ControlParts, "limits" | "ranges"> & { readonly standing: Standing; readonly violations: FieldViolation[] };

function declaredEnvironments(
  list: readonly JsonObject[],
  { standing, limits, ranges, violations }: Judging,
): ReadonlyMap<string, EnvironmentContent> {
  const declared = new Map<string, EnvironmentContent>();
  const fault = (field: string, description: string): void => void violations.push(faultOf(field, description));
  for (const [at, { routes = [], ...body }] of list.entries()) {
    const given = readEnvironmentBody(body);
    const name = environmentNameSchema.safeParse(given.name);
    const place = name.success && !declared.has(name.data) ? `environments/${name.data}` : `environments/${at}`;
    if (!name.success) fault(`${place}/name`, `${name.error.issues[0]?.message ?? "Expected a name"}, received ${shownValue(given.name)}`);
    else if (declared.has(name.data)) fault(`${place}/name`, `Expected each name once, received ${shownValue(given.name)} again`);
    const record = standing.environments.get(name.data ?? "");
    const settings = declaredSettings(given, { standing: record?.settings, providers: providersFor(ranges, record) });
    const read = Array.isArray(routes) ? readRoutes(routes) : { routes: [], violations: [] };
    if (!Array.isArray(routes)) fault(`${place}/routes`, `Expected a list of routes, received ${shownValue(routes)}`);
    if (read.routes.length > limits.maxRoutes)
      fault(`${place}/routes`, `Expected at most ${limits.maxRoutes}, received ${read.routes.length}`);
    violations.push(...[...settings.violations, ...read.violations].map((each) => ({ ...each, field: `${place}/${each.field}` })));
    if (name.success) declared.set(name.data, { settings: settings.settings, routes: read.routes });
  }
  return declared;
}

function faultOf(field: string, description: string): FieldViolation {
  return { field, description, reason: "FIELD_INVALID" satisfies FieldReason };
}

/** Both in the same words: a route that was stored before a field had a default has that default now. */
function changesBetween(standing: EnvironmentRecord | undefined, declared: EnvironmentContent | undefined): readonly JsonChange[] {
  return diffJson(standing && plainDocument(standing), declared && plainDocument(declared));
}

function plainDocument(content: EnvironmentContent): object {
  const { settings, routes } = declaredContent(content);
  return JSON.parse(JSON.stringify(documentOf({ settings, routes: routes.map((route) => routeSchema.parse(route)) }))) as object;
}
