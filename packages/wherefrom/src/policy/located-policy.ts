import type { EntranceConfiguration } from "../algorithm/configuration.ts";
import type { TrustList } from "../algorithm/trust-list.ts";
import { type Prefix, parsePrefix } from "../ip/prefix.ts";
import type { Fallback, Policy } from "../resolve/policy.ts";
import { ENTRANCE_NAMES } from "./algorithms.ts";
import { createIssues, type JsonObject, readObject } from "./json-object.ts";
import { type Provider, type Providers, providerOf } from "./providers.ts";

/** One entry of a trust list and where it stands. */
export type LocatedEntry = {
  readonly text: string;
  readonly pointer: string;
  /** Empty for `unix:`. */
  readonly prefixes: readonly Prefix[];
  /** What `provider:NAME` stands for. */
  readonly provider: Provider | undefined;
};

/** A trust list and where it stands. */
export type LocatedTrust = {
  readonly entries: readonly LocatedEntry[];
  /** Where `allowTrustEveryone` is given as true. */
  readonly permissionPointer: string | undefined;
};

/** One algorithm that may decide, and where its parts stand. A part that is left out stands where the algorithm does. */
export type LocatedEntrance = {
  readonly kind: EntranceConfiguration["kind"];
  readonly pointer: string;
  readonly header: { readonly name: string; readonly pointer: string };
  readonly index: { readonly value: number; readonly pointer: string };
  readonly trust: LocatedTrust | undefined;
};

/** A valid policy with the pointer of each part. Not what requests are resolved by: that is `Policy`, which knows no places. */
export type LocatedPolicy = {
  /** Empty when nothing is configured; several in a first match. */
  readonly entrances: readonly LocatedEntrance[];
  readonly fallback: { readonly value: Fallback; readonly pointer: string };
  readonly ipv6GroupPrefix: { readonly value: number; readonly pointer: string };
};

const KINDS: Readonly<Record<string, EntranceConfiguration["kind"]>> = {
  headerIndexAlgorithm: "header-index",
  trustedProxiesAlgorithm: "trusted-proxies",
  singleHeaderAlgorithm: "single-header",
  peerAddressAlgorithm: "peer-address",
};

/** Finds the parts of a policy's JSON, which was parsed into `policy` and so is known to be valid. */
export function locatePolicy(json: unknown, policy: Policy, providers: Providers): LocatedPolicy {
  const root = open(json, "", [...ENTRANCE_NAMES, "firstMatchAlgorithm", "fallback", "ipv6GroupPrefix"]);
  const entrances = entrancesOf(root, providers);
  const algorithmPointer = entrances.length === 1 ? (entrances[0]?.pointer ?? "") : "";
  return {
    entrances,
    fallback: { value: policy.fallback, pointer: pointerIn(root, "fallback") ?? algorithmPointer },
    ipv6GroupPrefix: { value: policy.ipv6GroupPrefix, pointer: pointerIn(root, "ipv6GroupPrefix") ?? "" },
  };
}

/** The JSON of a policy that is only known as parsed, in camelCase. */
export function policyJsonOf(policy: Policy): unknown {
  const { algorithm, fallback, ipv6GroupPrefix } = policy;
  switch (algorithm.kind) {
    case "default":
      return { ipv6GroupPrefix };
    case "first-match":
      return { firstMatchAlgorithm: { algorithms: algorithm.algorithms.map(entranceJsonOf) }, fallback, ipv6GroupPrefix };
    case "header-index":
    case "trusted-proxies":
    case "single-header":
    case "peer-address":
      return { ...entranceJsonOf(algorithm), fallback, ipv6GroupPrefix };
  }
}

function entranceJsonOf(entrance: EntranceConfiguration): Readonly<Record<string, unknown>> {
  switch (entrance.kind) {
    case "header-index": {
      const { headerName, index, trustedPeers } = entrance;
      const gate = trustedPeers === undefined ? {} : trustJsonOf("trustedPeers", trustedPeers);
      return { headerIndexAlgorithm: { ipHeaderName: headerName, ipHeaderIndex: index, ...gate } };
    }
    case "trusted-proxies":
      return { trustedProxiesAlgorithm: { ipHeaderName: entrance.headerName, ...trustJsonOf("trustedProxies", entrance.trustedProxies) } };
    case "single-header":
      return { singleHeaderAlgorithm: { ipHeaderName: entrance.headerName, ...trustJsonOf("trustedPeers", entrance.trustedPeers) } };
    case "peer-address":
      return { peerAddressAlgorithm: {} };
  }
}

function trustJsonOf(name: string, list: TrustList): Readonly<Record<string, unknown>> {
  const texts = list.rules.map((rule) => rule.text);
  const trustsEveryone = list.rules.some((rule) => rule.prefixes.some((prefix) => prefix.length === 0));
  return { [name]: list.isUnixTrusted ? [...texts, "unix:"] : texts, ...(trustsEveryone && { allowTrustEveryone: true }) };
}

function entrancesOf(root: JsonObject, providers: Providers): readonly LocatedEntrance[] {
  if (!root.fields.has("firstMatchAlgorithm")) return entrancesIn(root, providers);
  const firstMatch = open(root.fields.get("firstMatchAlgorithm"), root.pointerOf("firstMatchAlgorithm"), ["algorithms"]);
  const list = firstMatch.fields.get("algorithms") as readonly unknown[];
  const pointer = firstMatch.pointerOf("algorithms");
  return list.flatMap((entry, index) => entrancesIn(open(entry, `${pointer}/${index}`, ENTRANCE_NAMES), providers));
}

function entrancesIn(object: JsonObject, providers: Providers): readonly LocatedEntrance[] {
  return ENTRANCE_NAMES.filter((name) => object.fields.has(name)).map((name) => {
    const allowed = ["ipHeaderName", "ipHeaderIndex", "trustedProxies", "trustedPeers", "allowTrustEveryone"];
    const entrance = open(object.fields.get(name), object.pointerOf(name), allowed);
    const { fields, pointer } = entrance;
    return {
      kind: KINDS[name] ?? "peer-address",
      pointer,
      header: { name: String(fields.get("ipHeaderName") ?? ""), pointer: entrance.pointerOf("ipHeaderName") },
      index: { value: Number(fields.get("ipHeaderIndex") ?? 0), pointer: pointerIn(entrance, "ipHeaderIndex") ?? pointer },
      trust: trustIn(entrance, providers),
    };
  });
}

function trustIn(entrance: JsonObject, providers: Providers): LocatedTrust | undefined {
  const name = entrance.fields.has("trustedProxies") ? "trustedProxies" : "trustedPeers";
  const list = entrance.fields.get(name);
  if (!Array.isArray(list)) return undefined;
  const pointer = entrance.pointerOf(name);
  return {
    entries: list.map((entry, index) => entryOf(String(entry), `${pointer}/${index}`, providers)),
    permissionPointer: entrance.fields.get("allowTrustEveryone") === true ? entrance.pointerOf("allowTrustEveryone") : undefined,
  };
}

function entryOf(text: string, pointer: string, providers: Providers): LocatedEntry {
  const provider = providerOf(text, providers);
  if (provider !== undefined) return { text, pointer, provider, prefixes: provider.prefixes };
  const reading = parsePrefix(text);
  return { text, pointer, provider, prefixes: reading.kind === "prefix" ? [reading.prefix] : [] };
}

/** Opens an object that is known to be valid: what is wrong with it was told before. */
function open(value: unknown, pointer: string, allowed: readonly string[]): JsonObject {
  const object = readObject(value, { pointer, allowed }, createIssues());
  if (object === undefined) throw new TypeError(`Expected an object at ${pointer} of a parsed policy`);
  return object;
}

function pointerIn(object: JsonObject, name: string): string | undefined {
  return object.fields.has(name) ? object.pointerOf(name) : undefined;
}
