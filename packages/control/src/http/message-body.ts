import { camelNamed, type FieldViolation, wireFieldsOf, withoutFields } from "@wherefrom/model";
import type { z } from "zod";
import { refuseFaults } from "./api-error.ts";
import type { JsonObject } from "./json-body.ts";
import { violationsOf } from "./violations.ts";

/** Reads bodies that hold one message. */
export type MessageBody<Message> = {
  /** The names that a client may set. */
  readonly fields: ReturnType<typeof wireFieldsOf>;
  /** The body with its names in lowerCamelCase, without what only the system sets. Not judged. */
  given(body: JsonObject): JsonObject;
  /** The message that was given. Errors: `ApiError` FIELDS_INVALID with every fault, those that were found before first. */
  read(given: JsonObject, found?: readonly FieldViolation[]): Message;
};

/** A reader for the message of a schema. */
export function messageBody<Schema extends z.ZodType>(schema: Schema): MessageBody<z.output<Schema>> {
  const fields = wireFieldsOf(schema, "settable");
  const outputFields = wireFieldsOf(schema, "output");
  return {
    fields,
    given: (body) => camelNamed(withoutFields(body, outputFields), fields) as JsonObject,
    read(given, found = []) {
      const parsed = schema.safeParse(given);
      refuseFaults([...found, ...(parsed.success ? [] : violationsOf(parsed.error, given))]);
      return schema.parse(given);
    },
  };
}
