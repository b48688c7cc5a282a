import { z } from "zod";
import { GatewayError } from "../errors.ts";
import { shapeIssues } from "../json-issue.ts";
import { createPeerGate, type PeerGate, peersSchema } from "../peer-gate.ts";
import type { CertificateFiles } from "./certificate.ts";

/** The mode of a unix socket in octal, as `chmod` takes it. */
const MODE = /^0?[0-7]{3}$/;
const DEFAULT_MODE = "0660";
const DEFAULT_HOST = "127.0.0.1";
const MAX_LISTENERS = 32;
/** What the system takes as the path of a unix socket, in bytes; `sun_path` holds 108 with its final NUL. */
const MAX_UNIX_PATH_BYTES = 107;

const file = z.string().min(1, "Expected the path of a file");

/** One place to listen at, as a gateway file holds it in its section `listeners`. */
const listenerSchema = z
  .strictObject({
    /** An address of this machine, or a host name that has one. */
    host: z.string().min(1, "Expected an address or a host name").exactOptional(),
    /** Port 0 takes a free one. */
    port: z
      .int("Expected a port from 0 to 65535")
      .min(0, "Expected a port from 0 to 65535")
      .max(65_535, "Expected a port from 0 to 65535")
      .exactOptional(),
    /** Path of a unix socket. Who connects there has no address: its peer is `unix:`. */
    unix: z.string().refine(isUnixPath, `Expected a path of 1 to ${MAX_UNIX_PATH_BYTES} bytes`).exactOptional(),
    /** Who may connect to the unix socket, as `chmod` takes it: owner and group unless told otherwise. */
    mode: z.string().regex(MODE, "Expected a mode in octal, as 0660").exactOptional(),
    /** Every connection begins with a PROXY protocol header, version 1 or 2, and comes from one of these; any other is closed. Without it none may. */
    proxyProtocol: z.strictObject({ trustedPeers: peersSchema }).exactOptional(),
    /** TLS 1.2 and 1.3, with a certificate and its key in PEM. Both files are looked at again and again, so that a renewed certificate is taken up. */
    tls: z.strictObject({ certFile: file, keyFile: file }).exactOptional(),
    /** HTTP/2 beside HTTP/1.1: by ALPN with TLS, where it is spoken unless told otherwise; by prior knowledge without. */
    http2: z.boolean("Expected true or false").exactOptional(),
    /** Makes it a listener for engines that ask for decisions, and for nothing else. Only these peers may. */
    decide: z.strictObject({ trustedPeers: peersSchema }).exactOptional(),
  })
  .refine(({ port, unix }) => (port === undefined) !== (unix === undefined), "Expected exactly one of port and unix")
  .refine(({ host, unix }) => host === undefined || unix === undefined, { path: ["host"], error: "Expected no host beside unix" })
  .refine(({ mode, unix }) => mode === undefined || unix !== undefined, { path: ["mode"], error: "Expected no mode without unix" })
  .refine(({ decide, proxyProtocol }) => decide === undefined || proxyProtocol === undefined, {
    path: ["decide"],
    error: "Expected no decide beside proxyProtocol: an engine speaks for itself",
  });

/** The listeners of one gateway, at least one. */
export const listenersSchema = z
  .array(listenerSchema)
  .min(1, "Expected at least one listener")
  .max(MAX_LISTENERS, `Expected at most ${MAX_LISTENERS} listeners`)
  .superRefine((listeners, context) => {
    for (const [index, listener] of listeners.entries()) {
      const earlier = listeners.slice(0, index).findIndex((other) => isSamePlace(other, listener));
      const message = `Expected a place of its own: listener ${earlier} takes it, and :: takes IPv4 too`;
      if (earlier !== -1) context.addIssue({ code: "custom", path: [index], message });
    }
  });

/** Where and how to listen: `{ port: 8080 }`, `{ host: "::", port: 0 }`, `{ unix: "/run/wherefrom.sock" }`. */
export type ListenerOptions = z.input<typeof listenerSchema>;

/** Where a listener listens. */
export type Place =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string; readonly mode: number };

/** Listener options with every default filled in. */
export type ListenerSettings = {
  readonly place: Place;
  /** Who may connect, with a PROXY protocol header; `undefined` where none is spoken. */
  readonly proxies: PeerGate | undefined;
  readonly tls: CertificateFiles | undefined;
  readonly speaksHttp2: boolean;
  /** Who may ask for decisions here; `undefined` for a listener of clients. */
  readonly isEngine: PeerGate | undefined;
};

/** Reads listener options. Errors: `GATEWAY_LISTENER_INVALID` with every fault. */
export function readListenerOptions(options: readonly ListenerOptions[]): readonly ListenerSettings[] {
  const shape = listenersSchema.safeParse(options);
  if (shape.success) return shape.data.map(settingsOf);
  const issues = shapeIssues(options, { found: shape.error.issues, code: "GATEWAY_LISTENER_INVALID" });
  throw new GatewayError("GATEWAY_LISTENER_INVALID", "The listeners are not valid", issues);
}

function settingsOf(listener: ListenerOptions): ListenerSettings {
  const { proxyProtocol, tls, http2 = tls !== undefined, decide } = listener;
  return {
    place: placeOf(listener),
    proxies: proxyProtocol && createPeerGate(proxyProtocol.trustedPeers),
    tls,
    speaksHttp2: http2,
    isEngine: decide && createPeerGate(decide.trustedPeers),
  };
}

function placeOf({ host = DEFAULT_HOST, port = 0, unix, mode = DEFAULT_MODE }: ListenerOptions): Place {
  return unix === undefined ? { kind: "tcp", host, port } : { kind: "unix", path: unix, mode: Number.parseInt(mode, 8) };
}

const EVERYWHERE: ReadonlySet<string> = new Set(["::", "0.0.0.0"]);

/** Whether the system would refuse the second: it would only say that somebody listens there. */
function isSamePlace(one: ListenerOptions, other: ListenerOptions): boolean {
  if (one.unix !== undefined) return one.unix === other.unix;
  const { port = 0 } = one;
  const [host, otherHost] = [one.host ?? DEFAULT_HOST, other.host ?? DEFAULT_HOST];
  return port !== 0 && port === other.port && (host === otherHost || (EVERYWHERE.has(host) && EVERYWHERE.has(otherHost)));
}

/** A NUL would end the path early; the system's abstract sockets, which begin with one, have no permissions. */
function isUnixPath(path: string): boolean {
  return path !== "" && !path.includes("\0") && Buffer.byteLength(path) <= MAX_UNIX_PATH_BYTES;
}
