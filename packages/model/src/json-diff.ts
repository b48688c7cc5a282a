import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

/** One difference between two JSON values. */
export type JsonChange = {
  /**
   * JSON pointer (RFC 6901) to what differs. An item of a list whose items have names is pointed to by its name, one of a list of plain
   * values by `-`.
   */
  pointer: string;
  kind: "added" | "removed" | "changed";
  before?: unknown;
  after?: unknown;
};

export const jsonChangeSchema: z.ZodType<JsonChange, unknown> = z
  .strictObject({
    pointer: z
      .string()
      .describe("JSON pointer. An item of a list whose items have names is pointed to by its name, one of a list of plain values by -"),
    kind: z.enum(["added", "removed", "changed"]),
    before: z.unknown().optional(),
    after: z.unknown().optional(),
  })
  .meta({ id: "Change" });

type JsonObject = Record<string, unknown>;

/**
 * What differs between two JSON values, in the order of the first and then of the second. Objects are compared field by field, lists of
 * named items item by item, lists of plain values as sets; only the order differing is one change of the list. All else is compared whole.
 */
export function diffJson(before: unknown, after: unknown, pointer = ""): readonly JsonChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (before === undefined) return [{ pointer, kind: "added", after }];
  if (after === undefined) return [{ pointer, kind: "removed", before }];
  if (isObject(before) && isObject(after)) return diffObjects(before, after, pointer);
  if (!Array.isArray(before) || !Array.isArray(after)) return [{ pointer, kind: "changed", before, after }];
  const changes = diffLists(before, after, pointer);
  return changes.length > 0 ? changes : [{ pointer, kind: "changed", before: before.map(nameOr), after: after.map(nameOr) }];
}

function diffObjects(before: JsonObject, after: JsonObject, pointer: string): readonly JsonChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => diffJson(own(before, name), own(after, name), `${pointer}/${escaped(name)}`));
}

/** Not what the object inherits: `__proto__` may be a name, too. */
function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function diffLists(before: readonly unknown[], after: readonly unknown[], pointer: string): readonly JsonChange[] {
  const [named, namedAfter] = [byName(before), byName(after)];
  if (named !== undefined && namedAfter !== undefined) return diffObjects(named, namedAfter, pointer);
  if ([...before, ...after].some((item) => typeof item === "object")) return [{ pointer, kind: "changed", before, after }];
  const [left, right] = [new Set(before), new Set(after)];
  const removed = before
    .filter((item) => !right.has(item))
    .map((item) => ({ pointer: `${pointer}/-`, kind: "removed", before: item }) as const);
  const added = after.filter((item) => !left.has(item)).map((item) => ({ pointer: `${pointer}/-`, kind: "added", after: item }) as const);
  return [...removed, ...added];
}

/** The items of a list by their names; `undefined` when they have none, or one is there twice. */
function byName(list: readonly unknown[]): JsonObject | undefined {
  const names = list.map(nameOr);
  if (!list.every(isObject) || !names.every((name) => typeof name === "string") || new Set(names).size < names.length) return undefined;
  return Object.fromEntries(list.map((item, at) => [names[at], item]));
}

function nameOr(item: unknown): unknown {
  return isObject(item) && typeof item["name"] === "string" ? item["name"] : item;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
