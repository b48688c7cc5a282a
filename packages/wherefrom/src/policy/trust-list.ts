import { createTrustList, type TrustList, type TrustRule } from "../algorithm/trust-list.ts";
import { parsePrefix } from "../ip/prefix.ts";
import type { Issues, JsonObject } from "./json-object.ts";
import { type Providers, providerOf } from "./providers.ts";

/** Entries of one trust list at the most. A provider's ranges count as one. */
const MAX_ENTRIES = 100_000;

const ENTRY_FORMS = "a CIDR such as 10.0.0.0/8, an address, provider:NAME or unix:";

/** A policy while it is read: where its faults go, and what `provider:NAME` stands for. */
export type PolicyReading = { readonly issues: Issues; readonly providers: Providers };

/** Reads a trust list and the permission beside it to trust everyone. `undefined` when there are faults. */
export function readTrustList(object: JsonObject, name: string, reading: PolicyReading): TrustList | undefined {
  const { issues } = reading;
  const pointer = object.pointerOf(name);
  const entries = object.fields.get(name);
  const mayTrustEveryone = readPermission(object, issues);
  if (!Array.isArray(entries)) {
    issues.add(
      {
        code: entries === undefined ? "POLICY_FIELD_MISSING" : "POLICY_WRONG_TYPE",
        pointer,
        expected: `a list, each entry ${ENTRY_FORMS}`,
      },
      entries,
    );
    return undefined;
  }
  if (entries.length === 0) {
    issues.add({ code: "POLICY_TRUST_LIST_EMPTY", pointer, expected: `at least one entry: ${ENTRY_FORMS}` }, entries);
    return undefined;
  }
  if (entries.length > MAX_ENTRIES) {
    issues.add({ code: "POLICY_LIST_TOO_LONG", pointer, expected: `at most ${MAX_ENTRIES} entries` }, entries.length);
    return undefined;
  }
  const faultsBefore = issues.all.length;
  const rules = entries.map((entry, index) => readEntry(entry, { pointer: `${pointer}/${index}`, mayTrustEveryone }, reading));
  if (issues.all.length > faultsBefore) return undefined;
  return createTrustList(
    rules.filter((rule) => rule !== undefined),
    entries.includes("unix:"),
  );
}

function readPermission(object: JsonObject, issues: Issues): boolean {
  const given = object.fields.get("allowTrustEveryone");
  if (given === undefined || typeof given === "boolean") return given === true;
  issues.add({ code: "POLICY_WRONG_TYPE", pointer: object.pointerOf("allowTrustEveryone"), expected: "true or false" }, given);
  return false;
}

/** `undefined` for `unix:`, which names no addresses, and for a fault. */
function readEntry(entry: unknown, at: { pointer: string; mayTrustEveryone: boolean }, policy: PolicyReading): TrustRule | undefined {
  const { pointer } = at;
  const { issues } = policy;
  if (entry === "unix:") return undefined;
  if (typeof entry !== "string") {
    issues.add({ code: "POLICY_WRONG_TYPE", pointer, expected: ENTRY_FORMS }, entry);
    return undefined;
  }
  if (entry.startsWith("provider:")) return readProvider(entry, pointer, policy);
  const reading = parsePrefix(entry);
  if (reading.kind === "not-a-prefix") {
    issues.add({ code: "POLICY_PREFIX_INVALID", pointer, expected: ENTRY_FORMS }, entry);
    return undefined;
  }
  if (reading.kind === "host-bits-set") {
    issues.add({ code: "POLICY_PREFIX_HOST_BITS", pointer, expected: `no bits set past the length, as in ${reading.suggestion}` }, entry);
    return undefined;
  }
  if (reading.prefix.length === 0 && !at.mayTrustEveryone) {
    const expected = 'a network of somebody; trusting everyone needs "allowTrustEveryone": true beside the list';
    issues.add({ code: "POLICY_TRUSTS_EVERYONE", pointer, expected }, entry);
    return undefined;
  }
  return { text: entry, prefixes: [reading.prefix] };
}

function readProvider(entry: string, pointer: string, { issues, providers }: PolicyReading): TrustRule | undefined {
  const provider = providerOf(entry, providers);
  if (provider !== undefined) return { text: entry, prefixes: provider.prefixes };
  const known = [...providers.keys()].map((name) => `provider:${name}`);
  issues.add({ code: "POLICY_PROVIDER_UNKNOWN", pointer, expected: `one of ${known.join(", ")}` }, entry);
  return undefined;
}
