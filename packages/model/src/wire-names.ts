import { z } from "zod";
import { environmentSchema } from "./environment.ts";
import { organizationSchema } from "./organization.ts";
import { routeSchema } from "./route.ts";

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

/**
 * The names in a message that its schema says may be set, or those that only the system sets. The latter are accepted in a body, and
 * without effect there.
 */
export function wireFieldsOf(schema: z.ZodType, which: "settable" | "output"): WireFields {
  const object = unwrapped(schema);
  if (!(object instanceof z.ZodObject)) throw new Error("Expected the schema of an object");
  const fields = Object.entries(object.shape as Record<string, z.ZodType>).flatMap(([name, field]): [string, WireField][] => {
    if (field.meta()?.["readOnly"] === true) return which === "output" ? [[name, { kind: "leaf" }]] : [];
    const wireField = wireFieldOf(field, which);
    return which === "output" && (wireField.kind === "leaf" || Object.keys(wireField.fields).length === 0) ? [] : [[name, wireField]];
  });
  return Object.fromEntries(fields);
}

function wireFieldOf(schema: z.ZodType, which: "settable" | "output"): WireField {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) return { kind: "message", fields: wireFieldsOf(inner, which) };
  const item = inner instanceof z.ZodArray ? unwrapped(inner.element as z.ZodType) : undefined;
  return item instanceof z.ZodObject ? { kind: "list", fields: wireFieldsOf(item, which) } : { kind: "leaf" };
}

function unwrapped(schema: z.ZodType): z.ZodType {
  const isWrapper = [z.ZodOptional, z.ZodDefault, z.ZodPrefault, z.ZodNullable].some((kind) => schema instanceof kind);
  return isWrapper ? unwrapped((schema as z.ZodOptional<z.ZodType>).unwrap()) : schema;
}

function without(fields: WireFields, name: string): WireFields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
}

/** The names of an environment that a client may set after creation, and the path a field mask may take. */
export const ENVIRONMENT_FIELDS: WireFields = without(wireFieldsOf(environmentSchema, "settable"), "name");
export const ENVIRONMENT_OUTPUT_FIELDS: WireFields = wireFieldsOf(environmentSchema, "output");
export const ORGANIZATION_FIELDS: WireFields = wireFieldsOf(organizationSchema, "settable");
export const ORGANIZATION_OUTPUT_FIELDS: WireFields = without(wireFieldsOf(organizationSchema, "output"), "name");
export const ROUTE_FIELDS: WireFields = wireFieldsOf(routeSchema, "settable");

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
