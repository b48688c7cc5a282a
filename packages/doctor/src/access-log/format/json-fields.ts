import { LogError } from "../errors.ts";
import { type EvidenceRole, headerRole } from "./role.ts";

/** Where in a line of JSON a value stands: names of members, the outermost first. */
export type JsonPath = readonly string[];

/** A line that is one JSON object, and where in it what stands. */
export type JsonFields = {
  readonly evidence: readonly { readonly role: EvidenceRole; readonly paths: readonly JsonPath[] }[];
  readonly time: readonly JsonPath[];
  readonly status: readonly JsonPath[];
  readonly request: readonly JsonPath[];
  readonly agent: readonly JsonPath[];
};

/** What `--field NAME=PATH` may name, beside `header.NAME`. */
const NAMES = ["peer", "xff", "time", "status", "request", "agent"] as const;

/** One `--field`: a name and where it stands. */
export type FieldMapping = { readonly name: string; readonly path: JsonPath };

/**
 * Reads `--field` values: `peer=client.ip`, `xff=headers.x_forwarded_for`, `header.cf-connecting-ip=cf`, `time=@timestamp`, `status=http.code`. For HAProxy, `xff=capture.1` names a captured header.
 *
 * Errors: LOGS_FIELD_INVALID.
 */
export function parseFieldMappings(texts: readonly string[]): readonly FieldMapping[] {
  return texts.map((text) => {
    const equals = text.indexOf("=");
    const name = text.slice(0, equals).toLowerCase();
    const path = text.slice(equals + 1).split(".");
    const isKnown = NAMES.some((known) => known === name) || /^header\.[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name);
    if (equals === -1 || !isKnown || path.includes("")) {
      throw new LogError(
        "LOGS_FIELD_INVALID",
        `--field: Expected ${NAMES.join(", ")} or header.NAME, then = and a path such as request.remote_ip`,
      );
    }
    return { name, path };
  });
}

/** The fields that somebody named. Errors: LOGS_FIELD_INVALID when none of them says who a request is from. */
export function jsonFieldsOf(mappings: readonly FieldMapping[]): JsonFields {
  const pathsOf = (name: string): readonly JsonPath[] => mappings.filter((mapping) => mapping.name === name).map(({ path }) => path);
  const headers = mappings.flatMap(({ name, path }) => {
    if (name === "xff") return [{ role: headerEvidence("x-forwarded-for"), paths: [path] }];
    return name.startsWith("header.") ? [{ role: headerEvidence(name.slice("header.".length)), paths: [path] }] : [];
  });
  const peers = pathsOf("peer");
  if (peers.length === 0 && headers.length === 0)
    throw new LogError("LOGS_FIELD_INVALID", "--field: Expected peer or a header among them: nothing else says who a request is from");
  return {
    evidence: [...(peers.length === 0 ? [] : [{ role: PEER, paths: peers }]), ...headers],
    time: pathsOf("time"),
    status: pathsOf("status"),
    request: pathsOf("request"),
    agent: pathsOf("agent"),
  };
}

const PEER: EvidenceRole = { kind: "peer", hasPort: false };
const PEER_WITH_PORT: EvidenceRole = { kind: "peer", hasPort: true };

function headerEvidence(name: string): EvidenceRole {
  return headerRole(name) as EvidenceRole;
}

/** A JSON log that is known by members that its lines have. */
export type KnownJson = {
  readonly name: string;
  readonly marks: readonly JsonPath[];
  /** Whether each line has all headers of its request. Others have what the server was told to keep. */
  readonly hasAllHeaders: boolean;
  readonly fields: (headers: readonly string[]) => JsonFields;
};

const at = (path: string): JsonPath => path.split(".");

/** Canonical spelling of a header, as Caddy and Traefik write names. */
function titled(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

/** The JSON logs that are known, and what marks each. `headers` are those that are wanted, in lower case. */
export const KNOWN_JSON: readonly KnownJson[] = [
  {
    name: "wherefrom-json",
    marks: [at("gateway"), at("revision"), at("isComplete")],
    hasAllHeaders: false,
    fields: () => ({
      evidence: [
        { role: PEER, paths: [at("peer")] },
        { role: { kind: "recorded", what: "ip" }, paths: [at("client")] },
        { role: { kind: "recorded", what: "trust" }, paths: [at("trust")] },
        { role: { kind: "recorded", what: "outcome" }, paths: [at("outcome")] },
        { role: { kind: "recorded", what: "reason" }, paths: [at("reason")] },
      ],
      time: [at("time")],
      status: [at("status")],
      request: [],
      agent: [at("userAgent")],
    }),
  },
  {
    name: "caddy",
    marks: [at("request.remote_ip"), at("request.headers")],
    hasAllHeaders: true,
    fields: (headers) => ({
      evidence: [
        { role: PEER, paths: [at("request.remote_ip")] },
        ...headers.map((name) => ({ role: headerEvidence(name), paths: [["request", "headers", titled(name)]] })),
      ],
      time: [at("ts")],
      status: [at("status")],
      request: [at("request.method")],
      agent: [["request", "headers", "User-Agent"]],
    }),
  },
  {
    name: "traefik-json",
    marks: [at("ClientAddr"), at("RequestMethod")],
    hasAllHeaders: false,
    fields: (headers) => ({
      evidence: [
        { role: PEER_WITH_PORT, paths: [at("ClientAddr")] },
        ...headers.map((name) => ({ role: headerEvidence(name), paths: [[`request_${titled(name)}`]] })),
      ],
      time: [at("StartUTC"), at("time")],
      status: [at("DownstreamStatus"), at("OriginStatus")],
      request: [at("RequestMethod")],
      agent: [["request_User-Agent"]],
    }),
  },
  {
    name: "envoy-json",
    marks: [at("response_flags"), at("upstream_host")],
    hasAllHeaders: false,
    fields: () => ({
      evidence: [
        { role: PEER_WITH_PORT, paths: [at("downstream_direct_remote_address"), at("downstream_remote_address")] },
        { role: headerEvidence("x-forwarded-for"), paths: [at("x_forwarded_for")] },
      ],
      time: [at("start_time")],
      status: [at("response_code")],
      request: [at("method")],
      agent: [at("user_agent")],
    }),
  },
  {
    name: "nginx-json",
    marks: [at("remote_addr")],
    hasAllHeaders: false,
    fields: (headers) => ({
      evidence: [
        { role: PEER, paths: [at("realip_remote_addr"), at("remote_addr")] },
        ...headers.map((name) => ({
          role: headerEvidence(name),
          paths: [[`http_${name.replaceAll("-", "_")}`], ...(name === "x-forwarded-for" ? [["x_forwarded_for"]] : [])],
        })),
      ],
      time: [at("time_iso8601"), at("msec"), at("time_local"), at("time"), at("timestamp"), at("@timestamp")],
      status: [at("status")],
      request: [at("request")],
      agent: [at("http_user_agent"), at("user_agent")],
    }),
  },
];
