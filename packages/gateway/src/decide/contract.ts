import { fieldLines } from "../accept/field-lines.ts";
import type { ClientRequest } from "../client-message.ts";

/** The request that an engine asks about, in the engine's words. */
export type Original = {
  readonly method: string;
  /** `undefined` for one without Host. */
  readonly host: string | undefined;
  readonly uri: string;
  /** The far end of the client's connection to the engine: an address, or `unix:`. */
  readonly peer: string;
  /** Its header without Host, as `[name, value, name, value]`; among it may still be fields of the engine's own connection. */
  readonly fields: readonly string[];
};

/** The original, or what the engine should have said and did not. */
export type Reading = { readonly kind: "original"; readonly original: Original } | { readonly kind: "unclear"; readonly expected: string };

/** How an engine asks, and which answers it understands. */
export type Contract = {
  /** What the request target begins with. */
  readonly path: string;
  readonly read: (request: ClientRequest) => Reading;
  /** The status that makes the engine refuse a request that is to be answered with `status`. */
  readonly refusal: (status: number) => number;
};

/** By what name a contract goes in records. */
export type ContractName = "auth-request" | "forward-auth" | "ext-authz" | "traefik";

const same = (status: number): number => status;

/**
 * The contracts that are spoken. `auth-request` is nginx's; `forward-auth` is that of an engine that can set headers and pass on any status (Caddy,
 * HAProxy); `ext-authz` is Envoy's over HTTP; `traefik` that of its forwardAuth.
 *
 * Source: nginx, ngx_http_auth_request_module (2xx, 401 and 403 are answers, anything else is an error); Envoy, HttpService of ext_authz (200 is yes, 5xx an
 *         error, anything else no; the path has a prefix, method and Host are the client's); Traefik, ForwardAuth (2xx is yes, anything else the answer).
 */
export const contracts: Readonly<Record<ContractName, Contract>> = {
  "auth-request": { path: "/auth-request", read: readNamed, refusal: () => 403 },
  "forward-auth": { path: "/forward-auth", read: readNamed, refusal: same },
  "ext-authz": { path: "/ext-authz", read: readPrefixed, refusal: same },
  traefik: { path: "/traefik", read: readTraefik, refusal: same },
};

const NAMES = Object.keys(contracts) as ContractName[];

/** The contract that a request speaks, by its target; `undefined` for a target of none. A query may follow: engines leave the client's there. */
export function contractOf(target: string): ContractName | undefined {
  return NAMES.find((name) => {
    const { path } = contracts[name];
    return target.startsWith(path) && (target.length === path.length || "/?".includes(target.charAt(path.length)));
  });
}

/** In fields that the engine sets for this. */
function readNamed({ rawHeaders }: ClientRequest): Reading {
  return readFields(rawHeaders, { method: "X-Original-Method", host: "X-Original-Host", uri: "X-Original-Uri", peer: "X-Original-Peer" });
}

/** In the request itself, whose target has a prefix; only the peer has a field. */
function readPrefixed({ method = "", url = "", rawHeaders }: ClientRequest): Reading {
  const peer = only(rawHeaders, "X-Original-Peer");
  if (peer === undefined) return unclear("exactly one X-Original-Peer");
  const hosts = fieldLines(rawHeaders, "host");
  if (hosts.length > 1) return unclear("at most one Host");
  const uri = url.slice(contracts["ext-authz"].path.length);
  return { kind: "original", original: { method, host: hosts[0], uri, peer, fields: without(rawHeaders, ["Host", "X-Original-Peer"]) } };
}

/** Traefik appends the peer to X-Forwarded-For and can set no field for it: so the last element is the peer, and the rest the header. */
function readTraefik({ rawHeaders }: ClientRequest): Reading {
  const names = { method: "X-Forwarded-Method", host: "X-Forwarded-Host", uri: "X-Forwarded-Uri" };
  const chain = only(rawHeaders, FORWARDED_FOR);
  if (chain === undefined) return unclear(`exactly one ${FORWARDED_FOR}`);
  const comma = chain.lastIndexOf(",");
  const fields = without(rawHeaders, [FORWARDED_FOR]);
  if (comma !== -1) fields.push(FORWARDED_FOR, chain.slice(0, comma));
  fields.push(PEER, chain.slice(comma + 1).trim());
  return readFields(fields, { ...names, peer: PEER });
}

const FORWARDED_FOR = "X-Forwarded-For";
/** No field name, so that none of the request's fields can be it. */
const PEER = ":peer";

type Names = { readonly method: string; readonly host: string; readonly uri: string; readonly peer: string };

/** Each field exactly once: of two lines one is the client's. Only Host may be missing. */
function readFields(rawHeaders: readonly string[], names: Names): Reading {
  const method = only(rawHeaders, names.method);
  const uri = only(rawHeaders, names.uri);
  const peer = only(rawHeaders, names.peer);
  if (method === undefined || !TOKEN.test(method)) return unclear(`exactly one ${names.method}, a method`);
  if (uri === undefined) return unclear(`exactly one ${names.uri}`);
  if (peer === undefined) return unclear(`exactly one ${names.peer}`);
  const hosts = fieldLines(rawHeaders, names.host.toLowerCase());
  if (hosts.length > 1) return unclear(`at most one ${names.host}`);
  const fields = without(rawHeaders, ["Host", ...Object.values(names)]);
  return { kind: "original", original: { method, host: hosts[0], uri, peer, fields } };
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;

function only(rawHeaders: readonly string[], name: string): string | undefined {
  const lines = fieldLines(rawHeaders, name.toLowerCase());
  return lines.length === 1 ? lines[0] : undefined;
}

function without(rawHeaders: readonly string[], names: readonly string[]): string[] {
  const lower = new Set(names.map((name) => name.toLowerCase()));
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (!lower.has(name.toLowerCase())) kept.push(name, rawHeaders[index + 1] ?? "");
  }
  return kept;
}

function unclear(expected: string): Reading {
  return { kind: "unclear", expected };
}
