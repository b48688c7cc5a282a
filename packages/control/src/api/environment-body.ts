import {
  type AbuseDetectionSettings,
  camelNamed,
  ENVIRONMENT_FIELDS,
  ENVIRONMENT_OUTPUT_FIELDS,
  type EnvironmentSettings,
  environmentNameSchema,
  environmentSettingsSchema,
  type FieldViolation,
  providerNamedBy,
  withoutFields,
} from "@wherefrom/model";
import { PolicyError, type Providers, parsePolicy } from "wherefrom";
import { refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import type { JsonObject } from "../http/json-body.ts";
import { shownValue, violationsOf } from "../http/violations.ts";
import { type Paths, withFieldsOf } from "./update-mask.ts";

/** An environment as a client sent it: names in lowerCamelCase, what only the system sets left out. */
export type GivenEnvironment = {
  /** As in the body; `undefined` when it is not there. */
  readonly name: unknown;
  readonly fields: JsonObject;
  /** Faults of the body so far. They are told together with those of the policy, by `updatedSettings`. */
  readonly violations: FieldViolation[];
};

const CREATE_ONLY = ["deploymentType", "apiProxyType"] as const;
const POLICY = "clientIpResolutionConfig";

/** Reads an environment body without refusing anything yet. */
export function readEnvironmentBody(body: JsonObject): GivenEnvironment {
  const { name, ...given } = camelNamed(withoutFields(body, ENVIRONMENT_OUTPUT_FIELDS), ENVIRONMENT_FIELDS) as JsonObject;
  const parsed = environmentSettingsSchema.safeParse(given);
  const violations = parsed.success ? [] : [...violationsOf(parsed.error, given)];
  return { name: name ?? undefined, fields: given, violations };
}

/** The policy in a body that holds one beside other things, with names in lowerCamelCase. Not judged. */
export function policyOf(body: JsonObject): unknown {
  return readEnvironmentBody({ [POLICY]: body[POLICY] }).fields[POLICY];
}

/** Adds a fault unless the body names no environment or the one that is meant. */
export function requireName(given: GivenEnvironment, name: string): void {
  if (given.name === undefined || given.name === name) return;
  given.violations.push({
    field: "name",
    description: `Expected ${shownValue(name)}, received ${shownValue(given.name)}`,
    reason: "FIELD_INVALID" satisfies FieldReason,
  });
}

/** The name of an environment that is to be created, from the body, the `name` parameter or both. Faults are added. */
export function newName(given: GivenEnvironment, parameter: string | null): string {
  if (parameter !== null) requireName(given, parameter);
  const name = parameter ?? given.name;
  const parsed = environmentNameSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  given.violations.push(...violationsOf(parsed.error, name).map((violation) => ({ ...violation, field: "name" })));
  return "";
}

/** What a body is judged by: the settings that stand, and what `provider:NAME` means. */
type Judging = { readonly standing?: EnvironmentSettings | undefined; readonly providers: Providers };

type Update = Judging & { readonly given: GivenEnvironment; readonly paths?: Paths | undefined };

/**
 * The settings after an update: those that stand, with the fields on the paths as they are given. Without paths, the fields in
 * the body. The policy is judged as it comes out, since a path may lead inside it.
 *
 * Errors: `ApiError` FIELDS_INVALID with every fault of the body and of the policy.
 */
export function updatedSettings({ given, paths, standing, providers }: Update): EnvironmentSettings {
  const implied = Object.keys(given.fields).filter((name) => Object.hasOwn(ENVIRONMENT_FIELDS, name));
  const updated = withFieldsOf(standing ?? {}, given.fields, paths ?? implied.map((name) => [name]));
  refuseFaults([...given.violations, ...resultFaults(updated, { standing, providers })]);
  return environmentSettingsSchema.parse(updated);
}

/** Settings that are declared as a whole, read: nothing of what stands is kept but what cannot change, where it is left out. */
export type Declared = { readonly settings: EnvironmentSettings; readonly violations: readonly FieldViolation[] };

export function declaredSettings(given: GivenEnvironment, { standing, providers }: Judging): Declared {
  const kept = CREATE_ONLY.filter((name) => standing?.[name] !== undefined).map((name) => [name, standing?.[name]] as const);
  const declared: JsonObject = { ...Object.fromEntries(kept), ...given.fields };
  const violations = [...given.violations, ...resultFaults(declared, { standing, providers })];
  return { settings: violations.length === 0 ? environmentSettingsSchema.parse(declared) : {}, violations };
}

function resultFaults(updated: JsonObject, { standing, providers }: Judging): readonly FieldViolation[] {
  return [
    ...policyViolations(updated[POLICY], { field: POLICY, providers }),
    ...exclusionFaults(updated, providers),
    ...createOnlyFaults(updated, standing),
  ];
}

/** An exclusion that names no ranges would accuse those that it was meant for. */
function exclusionFaults({ abuseDetection }: JsonObject, providers: Providers): readonly FieldViolation[] {
  const { exclusions = [] } = (abuseDetection ?? {}) as AbuseDetectionSettings;
  if (!Array.isArray(exclusions)) return [];
  return exclusions.flatMap((exclusion, index): FieldViolation[] => {
    const name = typeof exclusion === "string" ? providerNamedBy(exclusion) : undefined;
    if (name === undefined || providers.has(name)) return [];
    const description = `Expected the name of ranges that control knows, received ${shownValue(exclusion)}`;
    return [{ field: `abuseDetection/exclusions/${index}`, description, reason: "FIELD_INVALID" satisfies FieldReason }];
  });
}

/** Every fault of a policy, as faults of the field it stands in. A policy that is no object at all is the schema's to refuse. */
export function policyViolations(
  policy: unknown,
  { field, providers }: { readonly field: string; readonly providers: Providers },
): readonly FieldViolation[] {
  if (typeof policy !== "object" || policy === null || Array.isArray(policy)) return [];
  try {
    parsePolicy(policy, { providers });
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.issues.map(({ pointer, expected, given, code }) => ({
      field: `${field}${pointer}`,
      description: `Expected ${expected}, received ${given}`,
      reason: code,
    }));
  }
}

function createOnlyFaults(updated: JsonObject, standing: EnvironmentSettings | undefined): readonly FieldViolation[] {
  if (standing === undefined) return [];
  return CREATE_ONLY.filter((name) => updated[name] !== standing[name]).map((field) => ({
    field,
    description: `Expected ${shownValue(standing[field])}, which cannot change after creation, received ${shownValue(updated[field])}`,
    reason: "FIELD_IMMUTABLE" satisfies FieldReason,
  }));
}
