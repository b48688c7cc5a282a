import { closingFault, type Fault } from "../fault.ts";
import { readHostname } from "./host.ts";

/** Where a request wants to go, read once. */
export type RequestTarget = {
  /** The Host field as sent, with a port if there was one; `undefined` for an HTTP/1.0 request without Host. */
  readonly host: string | undefined;
  /** Host in lower case without port and final dot, as routes are matched; empty without Host. */
  readonly hostname: string;
  /** Origin form with query, as the target gets it: neither decoded nor normalised. */
  readonly pathAndQuery: string;
  /** The same without query, as routes are matched. */
  readonly path: string;
};

export type TargetReading = { readonly kind: "target"; readonly target: RequestTarget } | { readonly kind: "fault"; readonly fault: Fault };

const ABSOLUTE = /^https?:\/\/(?<authority>[^/?#]*)(?<rest>[/?][^#]*)?$/i;

const badHost = closingFault(400, { code: "REQUEST_HOST_INVALID", message: "Expected exactly one valid Host field" });
const badTarget = closingFault(400, {
  code: "REQUEST_TARGET_INVALID",
  message: "Expected a request target that starts with / and agrees with Host",
});
const targetTooLong = closingFault(414, { code: "REQUEST_TARGET_TOO_LONG", message: "The request target is too long" });
const wholeServer = closingFault(501, {
  code: "REQUEST_TARGET_INVALID",
  message: "A request about the server as a whole is not forwarded",
});

type TargetContext = {
  /** How many Host lines there are, and the text of the last. */
  readonly fields: { readonly hosts: number; readonly host: string | undefined };
  readonly version: string;
  readonly maxTargetBytes: number;
};

/**
 * Reads the target of a request, from the request target of its request line and its Host.
 *
 * Errors: a fault for no Host on HTTP/1.1, two Hosts, a Host that is no authority, and an absolute form that names another one: servers
 *         disagree which of the two counts, and that is how a request slips past a rule. One for a target that is too long.
 * Source: RFC 9112 §3.2 and §3.2.2; RFC 9110 §7.2.
 */
export function readRequestTarget(url: string, { fields, version, maxTargetBytes }: TargetContext): TargetReading {
  const { hosts, host } = fields;
  if (url.length > maxTargetBytes) return refuse(targetTooLong);
  if (hosts > 1 || (host === undefined && version !== "1.0")) return refuse(badHost);
  const hostname = host === undefined ? "" : readHostname(host);
  if (hostname === undefined) return refuse(badHost);
  const pathAndQuery = originForm(url, host);
  if (pathAndQuery === undefined) return refuse(url === "*" ? wholeServer : badTarget);
  return { kind: "target", target: { host, hostname, pathAndQuery, path: withoutQuery(pathAndQuery) } };
}

function refuse(reason: Fault): TargetReading {
  return { kind: "fault", fault: reason };
}

/** Where HTTP/1 ends a request target, or others do. Node's parser lets none of them through, HTTP/2 does. A fragment is no part of a target (RFC 9112 §3.2). */
const UNREADABLE = /[^\x21\x22\x24-\x7e]/;

function originForm(url: string, host: string | undefined): string | undefined {
  if (UNREADABLE.test(url)) return undefined;
  if (url.startsWith("/")) return url;
  const groups = ABSOLUTE.exec(url)?.groups;
  const authority = groups?.["authority"];
  if (authority === undefined || authority.toLowerCase() !== host?.toLowerCase()) return undefined;
  const rest = groups?.["rest"] ?? "";
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function withoutQuery(pathAndQuery: string): string {
  const query = pathAndQuery.indexOf("?");
  return query === -1 ? pathAndQuery : pathAndQuery.slice(0, query);
}
