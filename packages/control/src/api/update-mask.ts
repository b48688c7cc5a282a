import { ENVIRONMENT_FIELDS, type FieldViolation, parseFieldMask } from "@wherefrom/model";
import type { FieldReason } from "../http/api-reason.ts";
import type { JsonObject } from "../http/json-body.ts";
import { shownValue } from "../http/violations.ts";

/** The fields an update is about, as paths of lowerCamelCase names. */
export type Paths = readonly (readonly string[])[];

const CREATE_ONLY = ["name", "deploymentType", "deployment_type", "apiProxyType", "api_proxy_type"];
const OUTPUT_ONLY = ["state", "createdAt", "created_at", "lastModifiedAt", "last_modified_at"];

/** `updateMask` of an update; `undefined` when none was given. Faults are added to `violations`. */
export function readUpdateMask(query: URLSearchParams, violations: FieldViolation[]): Paths | undefined {
  const text = query
    .getAll("updateMask")
    .filter((mask) => mask !== "")
    .join(",");
  if (text === "") return undefined;
  return parseFieldMask(text, ENVIRONMENT_FIELDS).flatMap((path): Paths => {
    if (path.kind === "path")
      return text.trim() !== "*" && isCreateOnly(path.names) ? refuse(violations, path.names.join(".")) : [path.names];
    return refuse(violations, path.text);
  });
}

function isCreateOnly(names: readonly string[]): boolean {
  return names.length === 1 && CREATE_ONLY.includes(names[0] ?? "");
}

function refuse(violations: FieldViolation[], path: string): Paths {
  violations.push({
    field: "updateMask",
    description: `Expected ${expectationOf(path)}, received ${shownValue(path)}`,
    reason: "MASK_PATH_INVALID" satisfies FieldReason,
  });
  return [];
}

function expectationOf(path: string): string {
  if (CREATE_ONLY.includes(path)) return "no field that is set at creation only";
  if (OUTPUT_ONLY.includes(path)) return "no field that only the system sets";
  return `paths of ${Object.keys(ENVIRONMENT_FIELDS).join(", ")} or of fields inside them`;
}

/**
 * What stands, with the fields on the paths as they are given. A path that is given nothing is removed, as AIP-134 has it; a
 * message that loses its last field that way stays, empty.
 */
export function withFieldsOf(standing: JsonObject, given: JsonObject, paths: Paths): JsonObject {
  return paths.reduce((result, path) => withField(result, given, path), standing);
}

function withField(standing: JsonObject, given: JsonObject, [name = "", ...rest]: readonly string[]): JsonObject {
  const { [name]: current, ...others } = standing;
  const value = given[name];
  if (rest.length > 0) return { ...others, [name]: withField(objectOr(current), objectOr(value), rest) };
  return value === undefined ? others : { ...others, [name]: value };
}

function objectOr(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
