import type { Policy } from "wherefrom";

/**
 * Names by which some system tells another who the client is, in lower case with hyphens. Everything that begins with `x-forwarded` or
 * `x-wherefrom-` is one too.
 */
const CLIENT_NAMES: ReadonlySet<string> = new Set([
  "forwarded", // RFC 7239
  "forwarded-for",
  "forwarded-for-ip",
  "x-forward-for",
  "remote-addr",
  "x-real-ip", // nginx
  "x-original-forwarded-for", // Kubernetes ingress
  "x-originating-ip",
  "x-original-remote-addr",
  "x-remote-ip",
  "x-remote-addr",
  "x-client-ip",
  "x-true-client-ip",
  "client-ip",
  "x-cluster-client-ip", // Rackspace, Zeus
  "x-proxyuser-ip",
  "proxy-client-ip", // WebLogic
  "wl-proxy-client-ip",
  "true-client-ip", // Akamai, Cloudflare
  "akamai-client-ip",
  "cf-connecting-ip", // Cloudflare
  "cf-connecting-ipv6",
  "cf-connecting-o2o",
  "cf-pseudo-ipv4",
  "fastly-client-ip",
  "fly-client-ip",
  "cloudfront-viewer-address",
  "x-azure-clientip",
  "x-azure-socketip",
  "x-appengine-user-ip",
  "x-appengine-remote-addr",
  "do-connecting-ip", // DigitalOcean
  "x-envoy-external-address",
  "x-nf-client-connection-ip", // Netlify
  "x-vercel-forwarded-for",
  "x-vercel-proxied-for",
  "x-incap-client-ip", // Imperva
  "incap-client-ip",
  "x-sucuri-clientip",
  "x-bluecoat-via",
  "ali-cdn-real-ip",
  "ali-real-client-ip", // Alibaba
  "eo-connecting-ip", // Tencent EdgeOne
  "ar-real-ip", // ArvanCloud
  "cdn-src-ip",
  "cdn-real-ip",
]);

/**
 * Whether a field of a client claims who the client is, in any spelling that some target takes for one of these.
 *
 * Names are given in lower case. What a client says by such a name never passes through: the target would take it as vouched for.
 */
export function claimsClient(name: string): boolean {
  const plain = hyphenated(name);
  return plain.startsWith("x-forwarded") || plain.startsWith("x-wherefrom-") || plain === "x-wherefrom" || CLIENT_NAMES.has(plain);
}

/** Names in lower case of the headers that a policy reads; none for the peer's address alone. */
export function policyHeaders({ algorithm, fallback }: Policy): readonly string[] {
  const entrances = algorithm.kind === "first-match" ? algorithm.algorithms : [algorithm];
  const names = entrances.flatMap((entrance) => ("headerName" in entrance ? [entrance.headerName.toLowerCase()] : []));
  return fallback === "DEFAULT" || algorithm.kind === "default" ? [...names, DEFAULT_HEADER] : names;
}

/** What the default algorithm reads. */
const DEFAULT_HEADER = "x-forwarded-for";

/**
 * A field name in lower case, with hyphens where it has `_` or `.`. Behind CGI, WSGI or PHP all three are one variable, and the last one in
 * wins there (RFC 3875 §4.1.18). Not the name of the same field: for HTTP they are three.
 */
export function hyphenated(name: string): string {
  return name.includes("_") || name.includes(".") ? name.replace(/[_.]/g, "-") : name;
}
