import { connect as connectPlain, isIP, type Socket, type TcpNetConnectOpts } from "node:net";
import { connect as connectSecure, type SecureContext } from "node:tls";
import type { CompiledTarget } from "../../route/targets.ts";
import type { Lookup } from "./lookup.ts";

/** What a connection to a target depends on beside its place, as `net.connect` and `tls.connect` take it: the same for every protocol. */
export type ConnectOptions = {
  readonly lookup: NonNullable<TcpNetConnectOpts["lookup"]>;
  readonly secureContext?: SecureContext;
  /** Asked for by SNI, and what the certificate has to be for. An address is no server name (RFC 6066 §3): the certificate is held against it all the same. */
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
};

/** Where Node's HTTP clients connect to. */
export function placeOf({ hostname: host, port, socketPath }: CompiledTarget): { host: string; port: number } | { socketPath: string } {
  return socketPath === undefined ? { host, port } : { socketPath };
}

type OwnConnection = { readonly lookup: Lookup; readonly protocol: "http/1.1" | "h2" };

/**
 * What opens connections of their own to a target, whose sides end apart, to speak `protocol` over by its ALPN name. What is written to one meanwhile goes out when it is
 * there.
 */
export function connectorTo(target: CompiledTarget, { lookup, protocol }: OwnConnection): () => Socket {
  const { hostname: host, port, socketPath, isSecure } = target;
  const place = socketPath === undefined ? { host, port } : { path: socketPath };
  const options = { ...place, ...connectOptions(target, lookup), allowHalfOpen: true, noDelay: true };
  if (isSecure) return () => connectSecure({ ...options, ALPNProtocols: [protocol] });
  const complete = { ...options, ...setByNode };
  return () => connectPlain(complete);
}

/**
 * What `net.Socket` sets whatever it is given, in a copy of what it is given. A field that is not there yet makes a hidden class of its own for each copy: more work than
 * the rest of the socket, and kept until all of the heap is collected.
 */
const setByNode = { emitClose: false, autoDestroy: true, decodeStrings: false };

export function connectOptions({ isSecure, hostname, tls }: CompiledTarget, lookup: Lookup): ConnectOptions {
  const plain = { lookup: lookup as ConnectOptions["lookup"] };
  if (!isSecure) return plain;
  const servername = tls?.serverName ?? (isIP(hostname) === 0 ? hostname : "");
  return { ...plain, ...(tls && { secureContext: tls.context }), servername, rejectUnauthorized: !tls?.acceptsAnyCertificate };
}
