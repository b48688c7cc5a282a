import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

/** A JSON Schema, as far as the documents look into it. */
export type JsonSchema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema | boolean;
  readonly readOnly?: boolean;
  readonly [keyword: string]: unknown;
};

/** Schemas by their ids. A reference is `#/$defs/ID`. */
export type NamedSchemas = Map<string, JsonSchema>;

/**
 * The JSON Schema (2020-12) of a schema that has an id, as a reference; it and every schema with an id inside it are added to `named`.
 *
 * Errors: throws when it has no id, or when an id has two meanings.
 */
export function nameSchema(schema: z.ZodType, named: NamedSchemas): JsonSchema {
  const { $ref, $defs = {} } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", override: writeInt64 });
  if ($ref === undefined) throw new Error("Expected a schema with an id");
  for (const [id, definition] of Object.entries($defs) as [string, JsonSchema][]) {
    if (named.has(id) && !isDeepStrictEqual(named.get(id), definition)) throw new Error(`Expected one meaning of schema ${id}, found two`);
    named.set(id, definition);
  }
  return { $ref };
}

/** It is read from text or number, and written as text: clients are told the latter. */
function writeInt64({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }): void {
  if (jsonSchema["format"] === "int64") delete jsonSchema["anyOf"];
}
