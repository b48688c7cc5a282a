import { ApiError } from "../http/api-error.ts";

/** As clients see the API. */
type Scheme = "http" | "https";

/**
 * The name of a session's cookie. By TLS its prefix makes a browser take it from this host only, and for all of it; on this machine's loopback, by clear
 * HTTP, not every browser would take it then.
 *
 * Source: RFC 6265bis, "The __Host- Prefix".
 */
function nameOf(scheme: Scheme): string {
  return scheme === "https" ? "__Host-wherefrom" : "wherefrom-session";
}

/** The session in a request's cookies, if there is one. Of two by the same name, neither. */
export function readSessionCookie(cookies: string | null, scheme: Scheme): string | undefined {
  const name = nameOf(scheme);
  const given = (cookies ?? "").split(";").map((pair) => pair.trim());
  const [value, ...more] = given.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
  return more.length === 0 ? value : undefined;
}

/** The header field that gives a browser a session, or takes it away. No script and no other site ever has it. */
export function sessionCookie(scheme: Scheme, session: { readonly text: string; readonly maxAgeSeconds: number } | undefined): string {
  const { text, maxAgeSeconds } = session ?? { text: "", maxAgeSeconds: 0 };
  return `${nameOf(scheme)}=${text}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${scheme === "https" ? "; Secure" : ""}`;
}

/**
 * Refuses a request with a cookie that a page of another origin has sent. `SameSite` lets those of the same site through, which on loopback is every other
 * port, and a request without a body asks for no permission before it is sent.
 *
 * Source: Fetch, "Origin header", which every browser sends unless it only reads; Fetch Metadata, `Sec-Fetch-Site`.
 * Errors: `ApiError` ORIGIN_REFUSED.
 */
export function requireSameOrigin({ method, headers }: Pick<Request, "method" | "headers">, scheme: Scheme): void {
  const own = `${scheme}://${headers.get("host")}`;
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site");
  const isReading = method === "GET" || method === "HEAD";
  const isOwn = origin === null ? isReading : origin.toLowerCase() === own.toLowerCase();
  if (isOwn && (site === null || site === "same-origin" || (isReading && site === "none"))) return;
  throw new ApiError("ORIGIN_REFUSED", `Origin: Expected ${own} beside a session's cookie, received ${JSON.stringify(origin ?? site)}`);
}
