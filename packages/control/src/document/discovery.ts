import type { QueryParameter, RouteLine } from "../http/endpoint.ts";
import { STANDARD_PARAMETERS } from "../http/standard-query.ts";
import { type JsonSchema, type NamedSchemas, nameSchema } from "./json-schema.ts";

/**
 * A Google API discovery document: what Google's own clients make their methods of.
 *
 * Source: Google API Discovery Service, "RestDescription".
 */
export type Discovery = {
  readonly kind: "discovery#restDescription";
  readonly rootUrl: string;
  readonly schemas: Readonly<Record<string, DiscoverySchema>>;
  readonly resources: Readonly<Record<string, DiscoveryResource>>;
  readonly [field: string]: unknown;
};

export type DiscoveryResource = {
  readonly methods?: Record<string, DiscoveryMethod>;
  readonly resources?: Record<string, DiscoveryResource>;
};

export type DiscoveryMethod = {
  readonly id: string;
  readonly httpMethod: string;
  readonly path: string;
  readonly flatPath: string;
  readonly description: string;
  readonly parameterOrder: readonly string[];
  readonly parameters: Readonly<Record<string, object>>;
  readonly request?: { readonly $ref: string };
  readonly response: { readonly $ref: string };
};

export type DiscoverySchema = {
  readonly id?: string;
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, DiscoverySchema>>;
  readonly items?: DiscoverySchema;
  readonly additionalProperties?: DiscoverySchema;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly readOnly?: boolean;
};

const API = "wherefrom";

/** Schemas that Apigee's document has too, under this name behind its prefix. All others are ours. */
const APIGEE_SCHEMAS: ReadonlySet<string> = new Set([
  "ApiProxy",
  "Deployment",
  "Environment",
  "EnvironmentClientIPResolutionConfig",
  "EnvironmentClientIPResolutionConfigHeaderIndexAlgorithm",
  "EnvironmentConfig",
  "EnvironmentConfigClientIPResolutionConfig",
  "EnvironmentConfigClientIPResolutionConfigHeaderIndexAlgorithm",
  "ListApiProxiesResponse",
  "ListDeploymentsResponse",
  "ListOrganizationsResponse",
  "NodeConfig",
  "Organization",
  "OrganizationProjectMapping",
  "Properties",
  "Property",
  "DebugMask",
  "DebugSession",
  "DebugSessionTransaction",
  "ListDebugSessionsResponse",
  "Point",
  "Result",
  "Session",
  "ListSecurityActionsResponse",
  "SecurityIncident",
  "ListSecurityIncidentsResponse",
  "BatchUpdateSecurityIncidentsRequest",
  "BatchUpdateSecurityIncidentsResponse",
  "UpdateSecurityIncidentRequest",
  "SecurityAction",
  "SecurityActionAllow",
  "SecurityActionConditionConfig",
  "SecurityActionDeny",
  "SecurityActionFlag",
  "SecurityActionHttpHeader",
  "SecurityActionsConfig",
  "EnableSecurityActionRequest",
  "DisableSecurityActionRequest",
  "DimensionMetric",
  "Metadata",
  "Metric",
  "AsyncQuery",
  "AsyncQueryResult",
  "GetAsyncQueryResultUrlResponse",
  "GetAsyncQueryResultUrlResponseURLInfo",
  "ListAsyncQueriesResponse",
  "Query",
  "QueryMetadata",
  "QueryMetric",
  "Stats",
  "StatsEnvironmentStats",
]);

const GOOGLE_SCHEMAS: Readonly<Record<string, string>> = {
  Empty: "GoogleProtobufEmpty",
  HttpBody: "GoogleApiHttpBody",
  ListOperationsResponse: "GoogleLongrunningListOperationsResponse",
  Operation: "GoogleLongrunningOperation",
};

/** The methods whose path parameter is not what its place says. Source: Apigee's document. */
const PARAMETER_OF: Readonly<Record<string, "name" | "parent">> = { "organizations.operations.list": "name" };

/** The methods whose name ends in any text. Source: Apigee's document. */
const OPEN_ENDED: ReadonlySet<string> = new Set(["organizations.environments.stats.get"]);

/** The document as it is served at `rootUrl`, which clients then ask. */
export function discoveryAt(rootUrl: string, document: Discovery): Discovery {
  return { ...document, rootUrl, baseUrl: rootUrl };
}

/** The discovery document of the API, written from the route table and the schemas of its endpoints. It is nowhere yet: see `discoveryAt`. */
export function discoveryOf(lines: readonly RouteLine[]): Discovery {
  const named: NamedSchemas = new Map();
  const root: Resource = { methods: {}, resources: {} };
  for (const line of lines) {
    const names = line[2].split(".");
    const resource = names.slice(0, -1).reduce((above, name) => {
      above.resources[name] ??= { methods: {}, resources: {} };
      return above.resources[name];
    }, root);
    resource.methods[names.at(-1) ?? ""] = methodOf(line, named);
  }
  return {
    kind: "discovery#restDescription",
    discoveryVersion: "v1",
    id: `${API}:v1`,
    name: API,
    version: "v1",
    revision: "1",
    title: "Wherefrom management API",
    description: "Apigee's environments with their client IP resolution, and a superset of them.",
    protocol: "rest",
    rootUrl: "",
    servicePath: "",
    baseUrl: "",
    basePath: "",
    fullyEncodeReservedExpansion: true,
    parameters: Object.fromEntries(Object.entries(STANDARD_PARAMETERS).map(([name, parameter]) => [name, queryParameter(parameter)])),
    schemas: Object.fromEntries([...named].map(([id, schema]) => [nameOf(id), { id: nameOf(id), ...schemaOf(schema) }] as const).sort()),
    resources: root.resources,
  };
}

type Resource = { readonly methods: Record<string, DiscoveryMethod>; readonly resources: Record<string, Resource> };

function methodOf(
  [httpMethod, path, id, { summary, takes, takesLines, answers, query = {} }]: RouteLine,
  named: NamedSchemas,
): DiscoveryMethod {
  const { template, parameter } = templateOf(path.slice(1), id);
  const inQuery = Object.entries(query).map(([name, known]) => [name, queryParameter(known)] as const);
  return {
    id: `${API}.${id}`,
    httpMethod,
    path: template,
    flatPath: path.slice(1).replaceAll(/([A-Za-z]+)\/\{[A-Za-z]+\}/g, "$1/{$1Id}"),
    description: summary,
    parameterOrder: parameter === undefined ? [] : [parameter.name],
    parameters: Object.fromEntries([...inQuery, ...(parameter === undefined ? [] : [pathParameter(parameter)])]),
    ...(takes && takesLines !== true && { request: referenceTo(nameSchema(takes, named)) }),
    response: referenceTo(nameSchema(answers, named)),
  };
}

type PathParameter = { readonly name: string; readonly pattern: string };

/**
 * A path as Google's clients fill it in: one parameter takes the whole name of a resource, or of what it is in when the method is about a
 * collection (AIP-127).
 */
function templateOf(path: string, id: string): { readonly template: string; readonly parameter: PathParameter | undefined } {
  const [version = "", ...segments] = path.split("/");
  const isOfCollection = /\.(?:list|create|deleteData|batchUpdate)$/.test(id) && segments.length > 1;
  const verb = /:[A-Za-z]+$/.exec(path)?.[0] ?? "";
  const tail = isOfCollection ? `/${segments.at(-1)}` : verb;
  if (!path.includes("{") && !id.endsWith(".list")) return { template: path, parameter: undefined };
  const name = PARAMETER_OF[id] ?? (/\.(?:list|create|batchUpdate)$/.test(id) ? "parent" : "name");
  const resource = path.slice(version.length + 1, path.length - tail.length);
  const names = resource.replaceAll(/\{[A-Za-z]+\}/g, "[^/]+");
  const pattern = `^${OPEN_ENDED.has(id) ? names.replace(/\[\^\/\]\+$/, ".*") : names}$`;
  return { template: `${version}/{+${name}}${tail}`, parameter: { name, pattern } };
}

function pathParameter({ name, pattern }: PathParameter): readonly [string, object] {
  return [
    name,
    { location: "path", type: "string", required: true, pattern, description: `Name of the resource: ${pattern.slice(1, -1)}` },
  ];
}

function queryParameter(parameter: QueryParameter): object {
  return { location: "query", ...parameter };
}

function nameOf(id: string): string {
  return GOOGLE_SCHEMAS[id] ?? (APIGEE_SCHEMAS.has(id) ? `GoogleCloudApigeeV1${id}` : `WherefromV1${id}`);
}

function referenceTo({ $ref = "" }: JsonSchema): { readonly $ref: string } {
  return { $ref: nameOf($ref.slice("#/$defs/".length)) };
}

/** JSON Schema as the discovery format knows it: objects without an id, and what may be one thing or another, have no structure there. */
function schemaOf(schema: JsonSchema): DiscoverySchema {
  const { description, readOnly } = schema;
  const told = { ...(description !== undefined && { description }), ...(readOnly === true && { readOnly }) };
  if (schema.$ref !== undefined) return { ...referenceTo(schema), ...told };
  const types = [schema.type ?? []].flat().filter((type) => type !== "null");
  const type = types.length === 1 ? types[0] : undefined;
  if (type === "array") return { type, items: itemsOf(schema), ...told };
  if (type === "object" && schema.properties === undefined) return { type, additionalProperties: { type: "any" }, ...told };
  if (type === "object") return { type, properties: propertiesOf(schema), ...told };
  if (type === undefined) return { type: "any", ...told };
  const values = schema.const === undefined ? schema.enum : [schema.const];
  const format = schema.format ?? (type === "integer" ? "int32" : undefined);
  return { type, ...(format !== undefined && { format }), ...(values !== undefined && { enum: values }), ...told };
}

function itemsOf({ items }: JsonSchema): DiscoverySchema {
  return typeof items === "object" ? fieldOf(items) : { type: "any" };
}

function propertiesOf({ properties = {} }: JsonSchema): Readonly<Record<string, DiscoverySchema>> {
  return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, fieldOf(field)]));
}

/** An object without an id is one that clients need not look into. */
function fieldOf(schema: JsonSchema): DiscoverySchema {
  if (schema.type !== "object") return schemaOf(schema);
  const { properties: _properties, ...opaque } = schema;
  return schemaOf(opaque);
}
