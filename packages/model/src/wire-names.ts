/**
 * Apigee's spellings at the API's edge. Bodies and field masks may name a field in lowerCamelCase or in snake_case, as
 * Google's JSON transcoding allows; inside, and in every answer, only lowerCamelCase is used.
 */

/** The fields of a message. A leaf is a value whose inside has no names to translate. */
export type WireFields = { readonly [camelName: string]: WireField };
type WireField =
  | { readonly kind: "leaf" }
  | { readonly kind: "message"; readonly fields: WireFields }
  | { readonly kind: "list"; readonly fields: WireFields };

const LEAF: WireField = { kind: "leaf" };
const message = (fields: WireFields): WireField => ({ kind: "message", fields });
const list = (fields: WireFields): WireField => ({ kind: "list", fields });

const ALGORITHM_FIELDS: WireFields = {
  headerIndexAlgorithm: message({ ipHeaderName: LEAF, ipHeaderIndex: LEAF, trustedPeers: LEAF, allowTrustEveryone: LEAF }),
  trustedProxiesAlgorithm: message({ ipHeaderName: LEAF, trustedProxies: LEAF, allowTrustEveryone: LEAF }),
  singleHeaderAlgorithm: message({ ipHeaderName: LEAF, trustedPeers: LEAF, allowTrustEveryone: LEAF }),
  peerAddressAlgorithm: message({}),
};

/** The names inside `clientIpResolutionConfig`: Apigee's, and those of our superset. */
export const POLICY_FIELDS: WireFields = {
  ...ALGORITHM_FIELDS,
  firstMatchAlgorithm: message({ algorithms: list(ALGORITHM_FIELDS) }),
  fallback: LEAF,
  ipv6GroupPrefix: LEAF,
};

/** The names of an environment that a client may set, and the path a field mask may take. */
export const ENVIRONMENT_FIELDS: WireFields = {
  displayName: LEAF,
  description: LEAF,
  properties: message({ property: list({ name: LEAF, value: LEAF }) }),
  deploymentType: LEAF,
  apiProxyType: LEAF,
  type: LEAF,
  nodeConfig: message({ minNodeCount: LEAF, maxNodeCount: LEAF }),
  forwardProxyUri: LEAF,
  hasAttachedFlowHooks: LEAF,
  clientIpResolutionConfig: message(POLICY_FIELDS),
};

/** The names of an environment that only the system sets: accepted in a body, and without effect there. */
export const ENVIRONMENT_OUTPUT_FIELDS: WireFields = {
  state: LEAF,
  createdAt: LEAF,
  lastModifiedAt: LEAF,
  nodeConfig: message({ currentAggregateNodeCount: LEAF }),
};

/** The names of an organization that a client may set. */
export const ORGANIZATION_FIELDS: WireFields = {
  displayName: LEAF,
  description: LEAF,
  properties: message({ property: list({ name: LEAF, value: LEAF }) }),
  attributes: LEAF,
  analyticsRegion: LEAF,
  runtimeType: LEAF,
  billingType: LEAF,
};

/** The names of an organization that only the system sets: accepted in a body, and without effect there. */
export const ORGANIZATION_OUTPUT_FIELDS: WireFields = {
  projectId: LEAF,
  environments: LEAF,
  state: LEAF,
  createdAt: LEAF,
  lastModifiedAt: LEAF,
};

const TARGET_TIMEOUT_FIELDS: WireFields = { connectMs: LEAF, headersMs: LEAF, bodyMs: LEAF };

export const ROUTE_FIELDS: WireFields = {
  name: LEAF,
  host: LEAF,
  basePath: LEAF,
  target: LEAF,
  targets: list({ url: LEAF, timeouts: message(TARGET_TIMEOUT_FIELDS) }),
  balancing: LEAF,
  timeouts: message({ ...TARGET_TIMEOUT_FIELDS, totalMs: LEAF }),
  retries: message({ max: LEAF, statuses: LEAF, budgetPercent: LEAF }),
  forwardedHeaders: LEAF,
  rejectStatus: LEAF,
  sendExplanation: LEAF,
};

type JsonObject = Record<string, unknown>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function snakeOf(camelName: string): string {
  return camelName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The lowerCamelCase name that `name` stands for, in either spelling; `undefined` when there is none. */
function camelNameIn(fields: WireFields, name: string): string | undefined {
  if (Object.hasOwn(fields, name)) return name;
  return Object.keys(fields).find((camelName) => snakeOf(camelName) === name);
}

/**
 * A body with every known snake_case name in lowerCamelCase, and without the known fields that are null: null stands for
 * absent. Unknown names, and names inside values that are no messages, stay as they are for the schema to judge. A field
 * given in both spellings keeps both, so that the schema refuses the second: which one was meant cannot be known.
 *
 * Source: Protocol Buffers, "ProtoJSON Format".
 */
export function camelNamed(body: unknown, fields: WireFields): unknown {
  if (!isObject(body)) return body;
  const named = Object.entries(body).flatMap(([name, value]): [string, unknown][] => {
    const camelName = camelNameIn(fields, name);
    const field = camelName === undefined ? undefined : fields[camelName];
    if (camelName === undefined || field === undefined) return [[name, value]];
    if (value === null) return [];
    const isTwice = name !== camelName && Object.hasOwn(body, camelName);
    return [[isTwice ? name : camelName, valueCamelNamed(value, field)]];
  });
  return Object.fromEntries(named);
}

function valueCamelNamed(value: unknown, field: WireField): unknown {
  switch (field.kind) {
    case "leaf":
      return value;
    case "message":
      return camelNamed(value, field.fields);
    case "list":
      return Array.isArray(value) ? value.map((item) => camelNamed(item, field.fields)) : value;
  }
}

/** A body without the named fields; a message loses only the fields named inside it. */
export function withoutFields(body: JsonObject, fields: WireFields): JsonObject {
  const kept = Object.entries(body).flatMap(([name, value]): [string, unknown][] => {
    const camelName = camelNameIn(fields, name);
    const field = camelName === undefined ? undefined : fields[camelName];
    if (field === undefined) return [[name, value]];
    if (field.kind === "message" && isObject(value)) return [[name, withoutFields(value, field.fields)]];
    return field.kind === "leaf" ? [] : [[name, value]];
  });
  return Object.fromEntries(kept);
}

/** One path of a field mask, read. */
export type MaskPath = { readonly kind: "path"; readonly names: readonly string[] } | { readonly kind: "unknown"; readonly text: string };

/**
 * Reads a google.protobuf.FieldMask in its JSON form: paths separated by commas, names by dots, in either spelling.
 * `*` stands for every field that can be set. A path may not lead into a list.
 *
 * Errors: none thrown; a path that leads nowhere is `unknown`, an empty one too.
 */
export function parseFieldMask(text: string, fields: WireFields): readonly MaskPath[] {
  return text.split(",").flatMap((part): readonly MaskPath[] => {
    const path = part.trim();
    if (path === "*") return Object.keys(fields).map((name) => ({ kind: "path", names: [name] }));
    const names = namesOnPath(path.split("."), fields);
    return [names === undefined ? { kind: "unknown", text: path } : { kind: "path", names }];
  });
}

function namesOnPath(path: readonly string[], fields: WireFields): readonly string[] | undefined {
  const [name = "", ...rest] = path;
  const camelName = camelNameIn(fields, name);
  if (camelName === undefined) return undefined;
  if (rest.length === 0) return [camelName];
  const field = fields[camelName];
  if (field?.kind !== "message") return undefined;
  const below = namesOnPath(rest, field.fields);
  return below === undefined ? undefined : [camelName, ...below];
}
