import type { AlgorithmConfiguration } from "../algorithm/configuration.ts";
import type { Fallback, Policy } from "../resolve/policy.ts";
import { ALGORITHM_NAMES, readAlgorithms } from "./algorithms.ts";
import { PolicyError } from "./issue.ts";
import { createIssues, type Issues, type JsonObject, readObject } from "./json-object.ts";
import { PROVIDERS, type Providers } from "./providers.ts";
import type { PolicyReading } from "./trust-list.ts";

const FALLBACKS: readonly string[] = ["DEFAULT", "PEER", "REJECT"] satisfies Fallback[];

const DEFAULT_IPV6_GROUP_PREFIX = 64;

/** What a policy may refer to beside what it says itself. */
export type PolicyOptions = {
  /** The ranges that `provider:NAME` stands for. Default: those that are built in. */
  readonly providers?: Providers;
};

/**
 * Parses a `clientIpResolutionConfig`: Apigee's object, and our superset of it. `{}` is the policy of nothing configured.
 *
 * Shape:  the parsed JSON value, or its text. Fields in camelCase or snake_case. The value is not kept.
 * Errors: `PolicyError` with every fault of the policy, each with its JSON pointer, what was expected and what was given.
 * Source: Apigee, `GoogleCloudApigeeV1EnvironmentClientIPResolutionConfig`; the other algorithms are ours.
 */
export function parsePolicy(json: unknown, options: PolicyOptions = {}): Policy {
  const issues = createIssues();
  const reading: PolicyReading = { issues, providers: options.providers ?? PROVIDERS };
  const policy = readPolicy(typeof json === "string" ? readText(json, issues) : json, reading);
  if (policy === undefined || issues.all.length > 0) throw new PolicyError(issues.all);
  return policy;
}

function readText(text: string, issues: Issues): unknown {
  try {
    return JSON.parse(text);
  } catch {
    issues.add({ code: "POLICY_NOT_JSON", pointer: "", expected: "JSON" }, text);
    throw new PolicyError(issues.all);
  }
}

function readPolicy(json: unknown, reading: PolicyReading): Policy | undefined {
  const { issues } = reading;
  const object = readObject(json, { pointer: "", allowed: [...ALGORITHM_NAMES, "fallback", "ipv6GroupPrefix"] }, issues);
  if (object === undefined) return undefined;
  const algorithm = readAlgorithm(object, reading);
  const fallback = readFallback(object, issues);
  const ipv6GroupPrefix = readGroupPrefix(object, issues);
  return algorithm && { algorithm, fallback: fallback ?? fallbackOf(algorithm), ipv6GroupPrefix };
}

function readAlgorithm(object: JsonObject, reading: PolicyReading): AlgorithmConfiguration | undefined {
  const algorithms = readAlgorithms(object, reading);
  if (algorithms.length === 0 && !object.fields.has("fallback")) return { kind: "default" };
  if (algorithms.length !== 1) {
    const expected = `exactly one of ${ALGORITHM_NAMES.join(", ")}`;
    reading.issues.add({ code: "POLICY_ALGORITHM_COUNT", pointer: object.pointer, expected }, object.value);
  }
  return algorithms[0];
}

/** Apigee's own object keeps Apigee's behaviour; everything that is ours falls back to what nobody but the network decides. */
function fallbackOf(algorithm: AlgorithmConfiguration): Fallback {
  return algorithm.kind === "header-index" && algorithm.trustedPeers === undefined ? "DEFAULT" : "PEER";
}

function readFallback(object: JsonObject, issues: Issues): Fallback | undefined {
  const fallback = object.fields.get("fallback");
  if (fallback === undefined || FALLBACKS.includes(fallback as string)) return fallback as Fallback | undefined;
  issues.add({ code: "POLICY_FALLBACK_INVALID", pointer: object.pointerOf("fallback"), expected: FALLBACKS.join(", ") }, fallback);
  return undefined;
}

function readGroupPrefix(object: JsonObject, issues: Issues): number {
  const length = object.fields.get("ipv6GroupPrefix") ?? DEFAULT_IPV6_GROUP_PREFIX;
  if (typeof length === "number" && Number.isInteger(length) && length >= 1 && length <= 128) return length;
  issues.add(
    { code: "POLICY_GROUP_PREFIX_INVALID", pointer: object.pointerOf("ipv6GroupPrefix"), expected: "an integer from 1 to 128" },
    length,
  );
  return DEFAULT_IPV6_GROUP_PREFIX;
}
