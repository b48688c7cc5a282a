import { createResolver, PolicyError, parsePolicy } from "wherefrom";
import { ALL_PROVIDERS } from "wherefrom/providers";
import { ControlError } from "../errors.ts";
import type { CertificateFiles } from "./certificate.ts";
import { isLoopback } from "./host-gate.ts";

/** How others reach the API than programs of this machine. Without any of it nobody else does. */
export type ReachOptions = {
  /** What `Host` may name beside loopback: names, and addresses as they are written there, without a port. */
  readonly names?: readonly string[] | undefined;
  /** The API speaks TLS itself. */
  readonly tls?: CertificateFiles | undefined;
  /**
   * A proxy with TLS stands before the API at these addresses and networks. Nobody else may connect, but this machine itself, and the client is whom
   * the proxy names in `X-Forwarded-For`.
   */
  readonly tlsProxies?: readonly string[] | undefined;
};

/** Who may connect, by which names, and how a client's address is told. */
export type Reach = {
  readonly names: ReadonlySet<string>;
  /** Whether this end of a socket may ask. */
  isPeerAllowed(peer: string | undefined): boolean;
  /** As clients see it, also where a proxy speaks TLS for the API. */
  readonly scheme: "http" | "https";
  readonly clientIpResolutionConfig: Readonly<Record<string, unknown>>;
};

type ReachContext = ReachOptions & { readonly host: string; readonly access: "tokens" | "off" };

const CLAIM: readonly string[] = ["192.0.2.1"];

/**
 * Judges how control is to be reached. Beyond this machine it takes TLS, here or at a proxy that is named, and a name; and it takes tokens.
 *
 * Errors: `ControlError` CONTROL_NOT_LOOPBACK, CONTROL_NAME_MISSING, CONTROL_ACCESS_OFF, CONTROL_PROXY_INVALID.
 */
export function readReach({ host, access, names = [], tls, tlsProxies = [] }: ReachContext): Reach {
  const isProxy = proxyGate(tlsProxies);
  const isForOthers = !isLoopback(host) || names.length > 0 || tlsProxies.length > 0;
  if (isForOthers && tls === undefined && tlsProxies.length === 0) {
    const what = isLoopback(host) ? `answer to ${JSON.stringify(names[0])}` : `listen on ${JSON.stringify(host)}`;
    const message = `Cannot ${what}: tokens would be readable on the way. Give the API a certificate and its key, or name the proxy with TLS that stands before it`;
    throw new ControlError("CONTROL_NOT_LOOPBACK", message);
  }
  if (isForOthers && names.length === 0) {
    throw new ControlError(
      "CONTROL_NAME_MISSING",
      "Give the name by which others ask the API: a page in a browser could make up any other",
    );
  }
  if (isForOthers && access === "off") {
    throw new ControlError("CONTROL_ACCESS_OFF", "Cannot do without access control where others than this machine reach the API");
  }
  return {
    names: new Set(names.map((name) => name.toLowerCase())),
    isPeerAllowed: (peer) => tlsProxies.length === 0 || isProxy(peer) || (peer !== undefined && isLoopback(peer.replace(MAPPED, ""))),
    scheme: isForOthers || tls !== undefined ? "https" : "http",
    clientIpResolutionConfig:
      tlsProxies.length === 0
        ? { peerAddressAlgorithm: {} }
        : { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: tlsProxies } },
  };
}

/** How a socket that speaks both families shows an IPv4 address. */
const MAPPED = /^::ffff:(?=\d+\.)/i;

/** The library decides, as for a policy: its header counts from these peers only. */
function proxyGate(entries: readonly string[]): (peer: string | undefined) => boolean {
  if (entries.length === 0) return () => false;
  try {
    const json = { singleHeaderAlgorithm: { ipHeaderName: "X-Peer", trustedPeers: entries }, fallback: "REJECT" };
    const resolver = createResolver(parsePolicy(json, { providers: ALL_PROVIDERS }));
    return (peer) => resolver.resolve({ peer, lines: () => CLAIM }).outcome === "resolved";
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const faults = error.issues.map(({ expected }) => `expected ${expected}`).join("; ");
    throw new ControlError("CONTROL_PROXY_INVALID", `The proxies before the API are not valid: ${faults}`, { cause: error });
  }
}
