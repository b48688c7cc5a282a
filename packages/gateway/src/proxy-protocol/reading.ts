/** What a PROXY protocol header says of the connection that it stands in front of. */
export type ProxyHeader =
  /** The connection is carried for a client. */
  | {
      readonly kind: "proxied";
      /** The client's address, canonical. */
      readonly peer: string;
      /** Whether the sender says that the client spoke TLS to it. */
      readonly isOverTls: boolean;
    }
  /** The sender does not know for whom: the socket's own far end is the peer. */
  | { readonly kind: "own" }
  /** The sender speaks for itself, as its health checks do: the socket's own far end is the peer, and no client. */
  | { readonly kind: "local" };

/** Why bytes are no header that can be believed. A closed set; the connection is closed for each of them. */
export type ProxyRefusal =
  | "not-a-header"
  | "too-long"
  | "line-malformed"
  | "address-invalid"
  | "version-unknown"
  | "command-unknown"
  | "family-unsupported"
  | "block-too-short"
  | "tlv-malformed"
  | "too-many-tlvs"
  | "checksum-wrong";

/** What the first bytes of a connection are. */
export type ProxyReading =
  /** The header is the first `length` bytes; what follows is the client's. */
  | { readonly kind: "header"; readonly header: ProxyHeader; readonly length: number }
  /** A header may have begun; more bytes will tell. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "refused"; readonly reason: ProxyRefusal };

export const INCOMPLETE: ProxyReading = { kind: "incomplete" };

export function refused(reason: ProxyRefusal): ProxyReading {
  return { kind: "refused", reason };
}
