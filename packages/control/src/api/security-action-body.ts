import {
  type FieldViolation,
  parseFieldMask,
  type SecurityAction,
  securityActionIdSchema,
  securityActionSchema,
  securityActionWireSchema,
} from "@wherefrom/model";
import { refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import type { JsonObject } from "../http/json-body.ts";
import { messageBody } from "../http/message-body.ts";
import { shownValue, violationsOf } from "../http/violations.ts";
import { type Paths, withFieldsOf } from "./update-mask.ts";

const ACTION = messageBody(securityActionWireSchema);
const EFFECTS = ["allow", "deny", "flag"] as const;

/** The id of an action that is to be created. Errors: `ApiError` QUERY_INVALID. */
export function readActionId(text: string | null): string {
  const parsed = securityActionIdSchema.safeParse(text ?? undefined);
  if (parsed.success) return parsed.data;
  const violations = violationsOf(parsed.error, text).map((violation) => ({ ...violation, field: "securityActionId" }));
  refuseFaults(violations, "QUERY_INVALID");
  throw new Error("Expected a fault");
}

/** Reads a whole action. Errors: `ApiError` FIELDS_INVALID with every fault. */
export function readAction(body: JsonObject, { name, nowMs }: { readonly name: string; readonly nowMs: number }): SecurityAction {
  return judged(ACTION.given(body), { name, nowMs, violations: [] });
}

type Change = { readonly standing: SecurityAction; readonly updateMask: string | null; readonly nowMs: number };

/**
 * The action after an update: what stands, with the fields of the mask as they are given. Without a mask, or with `*`, the body is the whole action.
 * One of allow, deny and flag takes the place of another, as they are one choice. Errors: `ApiError` FIELDS_INVALID with every fault.
 */
export function changedAction(body: JsonObject, { standing, updateMask, nowMs }: Change): SecurityAction {
  const { name, ...settings } = standing;
  const given = ACTION.given(body);
  const violations: FieldViolation[] = [];
  const paths = pathsOf(updateMask ?? "", violations);
  const updated = paths === undefined ? given : withFieldsOf(withoutReplaced(settings, given, paths), given, paths);
  const isAsBefore = settings.expireTime !== undefined && updated["expireTime"] === settings.expireTime;
  return judged(updated, { name, nowMs, violations, mayBeOver: isAsBefore });
}

function pathsOf(updateMask: string, violations: FieldViolation[]): Paths | undefined {
  if (updateMask === "" || updateMask.trim() === "*") return undefined;
  return parseFieldMask(updateMask, ACTION.fields).flatMap((path): Paths => {
    if (path.kind === "path") return [path.names];
    const description = `Expected paths of ${Object.keys(ACTION.fields).join(", ")} or of fields inside them, received ${shownValue(path.text)}`;
    violations.push({ field: "updateMask", description, reason: "MASK_PATH_INVALID" satisfies FieldReason });
    return [];
  });
}

/** Without what a given field takes the place of. */
function withoutReplaced(settings: JsonObject, given: JsonObject, paths: Paths): JsonObject {
  const isGiven = (field: string): boolean => given[field] !== undefined && paths.some(([name]) => name === field);
  const hasEffect = EFFECTS.some(isGiven);
  const isReplaced = (field: string): boolean =>
    (hasEffect && EFFECTS.some((effect) => effect === field) && !isGiven(field)) || (field === "expireTime" && isGiven("ttl"));
  return Object.fromEntries(Object.entries(settings).filter(([field]) => !isReplaced(field)));
}

type Judging = {
  readonly name: string;
  readonly nowMs: number;
  readonly violations: readonly FieldViolation[];
  /** The time at which it ends is none that somebody gives now. */
  readonly mayBeOver?: boolean;
};

function judged(given: JsonObject, { name, nowMs, violations, mayBeOver = false }: Judging): SecurityAction {
  ACTION.read(given, mayBeOver ? violations : [...violations, ...pastEndFaults(given, nowMs)]);
  const { ttl, ...settings } = given;
  const expireTime = typeof ttl === "string" ? { expireTime: new Date(nowMs + Number.parseFloat(ttl) * 1_000).toISOString() } : {};
  return securityActionSchema.parse({ name, ...settings, ...expireTime });
}

/** An action that never does anything would look like one that does. What is no time at all is told by the schema. */
function pastEndFaults({ expireTime, ttl }: JsonObject, nowMs: number): FieldViolation[] {
  const fault = (field: string, expected: string, received: unknown): FieldViolation[] => [
    { field, description: `Expected ${expected}, received ${shownValue(received)}`, reason: "FIELD_INVALID" satisfies FieldReason },
  ];
  if (typeof expireTime === "string" && Date.parse(expireTime) <= nowMs)
    return fault("expireTime", `a time after now, ${new Date(nowMs).toISOString()}`, expireTime);
  if (typeof ttl === "string" && Number.parseFloat(ttl) === 0) return fault("ttl", "more than 0s", ttl);
  return [];
}
