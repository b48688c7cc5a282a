import type { AlgorithmConfiguration, EntranceConfiguration } from "../algorithm/configuration.ts";
import { isTokenChar } from "../header/forwarded.ts";
import { type Issues, type JsonObject, readObject } from "./json-object.ts";
import { type PolicyReading, readTrustList } from "./trust-list.ts";

/** Longest header name accepted, in characters. */
const MAX_HEADER_NAME_LENGTH = 256;

/** Entrances of one policy at the most. */
const MAX_ENTRANCES = 64;

const MIN_INT32 = -(2 ** 31);
const MAX_INT32 = 2 ** 31 - 1;

type ReadEntrance = (value: unknown, pointer: string, reading: PolicyReading) => EntranceConfiguration | undefined;

/** The algorithms that may stand inside `firstMatchAlgorithm`, under their names in a policy. */
const ENTRANCES: Readonly<Record<string, ReadEntrance>> = {
  headerIndexAlgorithm: readHeaderIndex,
  trustedProxiesAlgorithm: readTrustedProxies,
  singleHeaderAlgorithm: readSingleHeader,
  peerAddressAlgorithm: readPeerAddress,
};

export const ENTRANCE_NAMES: readonly string[] = Object.keys(ENTRANCES);
export const ALGORITHM_NAMES: readonly string[] = [...ENTRANCE_NAMES, "firstMatchAlgorithm"];

/** Reads the algorithms that a policy names, each with all of its faults; the caller says how many there may be. */
export function readAlgorithms(object: JsonObject, reading: PolicyReading): readonly (AlgorithmConfiguration | undefined)[] {
  return ALGORITHM_NAMES.filter((name) => object.fields.has(name)).map((name) => {
    const value = object.fields.get(name);
    const pointer = object.pointerOf(name);
    const read = ENTRANCES[name];
    return read === undefined ? readFirstMatch(value, pointer, reading) : read(value, pointer, reading);
  });
}

function readHeaderIndex(value: unknown, pointer: string, reading: PolicyReading): EntranceConfiguration | undefined {
  const object = readObject(
    value,
    { pointer, allowed: ["ipHeaderName", "ipHeaderIndex", "trustedPeers", "allowTrustEveryone"] },
    reading.issues,
  );
  if (object === undefined) return undefined;
  const headerName = readHeaderName(object, reading.issues);
  const index = readIndex(object, reading.issues);
  if (object.fields.has("trustedPeers") || object.fields.has("allowTrustEveryone")) {
    const trustedPeers = readTrustList(object, "trustedPeers", reading);
    return trustedPeers && { kind: "header-index", headerName, index, trustedPeers };
  }
  return { kind: "header-index", headerName, index, trustedPeers: undefined };
}

function readTrustedProxies(value: unknown, pointer: string, reading: PolicyReading): EntranceConfiguration | undefined {
  const object = readObject(value, { pointer, allowed: ["ipHeaderName", "trustedProxies", "allowTrustEveryone"] }, reading.issues);
  if (object === undefined) return undefined;
  const headerName = readHeaderName(object, reading.issues);
  const trustedProxies = readTrustList(object, "trustedProxies", reading);
  return trustedProxies && { kind: "trusted-proxies", headerName, trustedProxies };
}

function readSingleHeader(value: unknown, pointer: string, reading: PolicyReading): EntranceConfiguration | undefined {
  const object = readObject(value, { pointer, allowed: ["ipHeaderName", "trustedPeers", "allowTrustEveryone"] }, reading.issues);
  if (object === undefined) return undefined;
  const headerName = readHeaderName(object, reading.issues);
  const trustedPeers = readTrustList(object, "trustedPeers", reading);
  return trustedPeers && { kind: "single-header", headerName, trustedPeers };
}

function readPeerAddress(value: unknown, pointer: string, reading: PolicyReading): EntranceConfiguration | undefined {
  return readObject(value, { pointer, allowed: [] }, reading.issues) && { kind: "peer-address" };
}

function readFirstMatch(value: unknown, pointer: string, reading: PolicyReading): AlgorithmConfiguration | undefined {
  const object = readObject(value, { pointer, allowed: ["algorithms"] }, reading.issues);
  if (object === undefined) return undefined;
  const listPointer = object.pointerOf("algorithms");
  const list = object.fields.get("algorithms");
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_ENTRANCES) {
    const code = list === undefined ? "POLICY_FIELD_MISSING" : Array.isArray(list) ? "POLICY_ALGORITHM_COUNT" : "POLICY_WRONG_TYPE";
    reading.issues.add({ code, pointer: listPointer, expected: `a list of 1 to ${MAX_ENTRANCES} algorithms` }, list);
    return undefined;
  }
  const algorithms = list.map((entry, index) => readEntrance(entry, `${listPointer}/${index}`, reading));
  return { kind: "first-match", algorithms: algorithms.filter((algorithm) => algorithm !== undefined) };
}

function readEntrance(value: unknown, pointer: string, reading: PolicyReading): EntranceConfiguration | undefined {
  const object = readObject(value, { pointer, allowed: ENTRANCE_NAMES }, reading.issues);
  if (object === undefined) return undefined;
  const names = [...object.fields.keys()];
  if (names.length > 1 || (names.length === 0 && object.isKnown)) {
    reading.issues.add({ code: "POLICY_ALGORITHM_COUNT", pointer, expected: `exactly one of ${ENTRANCE_NAMES.join(", ")}` }, value);
  }
  const entrances = names.map((name) => ENTRANCES[name]?.(object.fields.get(name), object.pointerOf(name), reading));
  return entrances[0];
}

/** Any header may be named; its name is a token (RFC 9110 §5.1). */
function readHeaderName(object: JsonObject, issues: Issues): string {
  const name = object.fields.get("ipHeaderName");
  const pointer = object.pointerOf("ipHeaderName");
  if (name === undefined) {
    issues.add({ code: "POLICY_FIELD_MISSING", pointer, expected: "the name of the header to read" }, name);
    return "";
  }
  if (typeof name !== "string" || !isHeaderName(name)) {
    const expected = `a header name of 1 to ${MAX_HEADER_NAME_LENGTH} token characters`;
    issues.add({ code: typeof name === "string" ? "POLICY_HEADER_NAME_INVALID" : "POLICY_WRONG_TYPE", pointer, expected }, name);
    return "";
  }
  return name;
}

function isHeaderName(name: string): boolean {
  if (name.length === 0 || name.length > MAX_HEADER_NAME_LENGTH) return false;
  for (let at = 0; at < name.length; at++) {
    if (!isTokenChar(name.charCodeAt(at))) return false;
  }
  return true;
}

/** A missing index is 0: proto3 leaves zeros out of its JSON. */
function readIndex(object: JsonObject, issues: Issues): number {
  const index = object.fields.get("ipHeaderIndex") ?? 0;
  if (typeof index === "number" && Number.isInteger(index) && index >= MIN_INT32 && index <= MAX_INT32) return index | 0;
  const expected = `an integer from ${MIN_INT32} to ${MAX_INT32}, 0 for the leftmost hop, -1 for the rightmost`;
  issues.add({ code: "POLICY_INDEX_INVALID", pointer: object.pointerOf("ipHeaderIndex"), expected }, index);
  return 0;
}
