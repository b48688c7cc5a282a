import { type Role, rpcErrorSchema } from "@wherefrom/model";
import { requirementOf } from "../access/allow.ts";
import type { Endpoint, QueryParameter, RouteLine } from "../http/endpoint.ts";
import { STANDARD_PARAMETERS } from "../http/standard-query.ts";
import { type JsonSchema, type NamedSchemas, nameSchema } from "./json-schema.ts";

/** An OpenAPI 3.1 document, as far as the reference page reads it. */
export type OpenApi = {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly parameters: Readonly<Record<string, object>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
};

export type OpenApiOperation = {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters: readonly OpenApiParameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: JsonContent | JsonLinesContent };
  /** Each of them is enough; none: nobody is asked. */
  readonly security: readonly OpenApiRoles[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: JsonContent }>>;
};

/** The roles of which the caller has to have one. Empty: any but `gateway`. Source: OpenAPI 3.1, "Security Requirement Object". */
export type OpenApiRoles = { readonly bearer: readonly Role[] };

export type OpenApiParameter =
  | { readonly name: string; readonly in: string; readonly required?: boolean; readonly description?: string; readonly schema: JsonSchema }
  | { readonly $ref: string };

type JsonContent = { readonly "application/json": { readonly schema: JsonSchema } };

/** Lines, of which the schema describes one. */
type JsonLinesContent = { readonly "application/x-ndjson": { readonly schema: JsonSchema } };

const INFO = {
  title: "Wherefrom management API",
  version: "v1",
  description: "Organizations, environments, their policies and their publication. Apigee's shapes, and a superset of them.",
};

/** Sent with a change, and kept in history and audit log. */
const CHANGE_HEADERS: readonly OpenApiParameter[] = [
  { name: "X-Wherefrom-Author", in: "header", description: "Who makes the change", schema: { type: "string" } },
  { name: "X-Goog-Request-Reason", in: "header", description: "Why it is made", schema: { type: "string" } },
];

const IF_MATCH: OpenApiParameter = {
  name: "If-Match",
  in: "header",
  description: "The ETag of what was read: another revision is refused with 412. Absent: any revision",
  schema: { type: "string" },
};

const ROLLOUT_SHARE: OpenApiParameter = {
  name: "X-Wherefrom-Rollout-Share",
  in: "header",
  description: "Percent of the gateways that try the change first; 100: all get it at once. Absent: what the environment says",
  schema: { type: "integer", format: "int32", minimum: 1, maximum: 100 },
};

const BEARER = {
  type: "http",
  scheme: "bearer",
  description:
    "A token of control, a gateway's key, or a JWT of the identity provider. Its roles hold at the places that it names. In a page of control a session's cookie stands for it",
};

/** The API as an OpenAPI 3.1 document, written from the route table and the schemas of its endpoints. */
export function openApiOf(lines: readonly RouteLine[]): OpenApi {
  const named: NamedSchemas = new Map();
  const error = { description: "Refused", content: contentOf(nameSchema(rpcErrorSchema, named)) };
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const [method, path, id, endpoint] of lines) {
    const takes = takenBy(endpoint, named);
    const done = { description: "Done", content: contentOf(nameSchema(endpoint.answers, named)) };
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = {
      operationId: id,
      summary: endpoint.summary,
      tags: [id.split(".").slice(0, -1).join(".")],
      parameters: parametersOf([method, path, id, endpoint]),
      ...(takes && { requestBody: takes }),
      security: rolesOf(id),
      responses: { 200: done, default: error },
    };
  }
  const document = {
    openapi: "3.1.0",
    info: INFO,
    paths,
    components: { schemas: Object.fromEntries([...named].sort()), parameters: standardParameters(), securitySchemes: { bearer: BEARER } },
  } as const;
  // as JSON Schema has it, a reference leads to $defs of its own document
  return JSON.parse(JSON.stringify(document).replaceAll('"#/$defs/', '"#/components/schemas/')) as OpenApi;
}

function rolesOf(id: string): readonly OpenApiRoles[] {
  const requirement = requirementOf(id);
  if (requirement === "public") return [];
  if (requirement === "own") return [{ bearer: [] }];
  return [requirement].flat().map((role) => ({ bearer: [role] }));
}

function takenBy({ takes, takesLines }: Endpoint, named: NamedSchemas): OpenApiOperation["requestBody"] {
  if (takes === undefined) return undefined;
  const schema = nameSchema(takes, named);
  return { required: true, content: takesLines === true ? { "application/x-ndjson": { schema } } : contentOf(schema) };
}

function contentOf(schema: JsonSchema): JsonContent {
  return { "application/json": { schema } };
}

function parametersOf([method, path, , endpoint]: RouteLine): readonly OpenApiParameter[] {
  const inPath = [...path.matchAll(/\{([A-Za-z]+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(endpoint.query ?? {}).map(([name, parameter]) => queryParameter(name, parameter));
  const standard = Object.keys(STANDARD_PARAMETERS).map((name) => ({ $ref: `#/components/parameters/${keyOf(name)}` }));
  const headers = [...(method === "GET" ? [] : CHANGE_HEADERS), ...(endpoint.isStaged === true ? [ROLLOUT_SHARE] : [])];
  return [...inPath, ...inQuery, ...(endpoint.isConditional === true ? [IF_MATCH] : []), ...headers, ...standard];
}

function queryParameter(name: string, { description, ...schema }: QueryParameter): Exclude<OpenApiParameter, { $ref: string }> {
  return { name, in: "query", description, schema };
}

function standardParameters(): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(STANDARD_PARAMETERS).map(([name, parameter]) => [keyOf(name), queryParameter(name, parameter)]));
}

/** A key of `components` has letters, digits, dots, hyphens and underscores only (OpenAPI 3.1, "Components Object"). */
function keyOf(name: string): string {
  return name.replaceAll("$.", "");
}
