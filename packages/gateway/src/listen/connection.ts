import { parseAddress } from "wherefrom";
import { NOBODY } from "wherefrom/node";
import type { PeerGate } from "../peer-gate.ts";

/** What is known of a client's connection beside what the client says by HTTP. */
export type Connection = {
  /**
   * The transport peer, after PROXY protocol; `undefined` when there is none to know. Read when the connection was accepted: a socket that is closed
   * knows its far end no more.
   */
  readonly peer: string | undefined;
  /** Whether the client speaks TLS: to this gateway, or by word of a PROXY protocol header to whoever carries its connection. */
  readonly isEncrypted: boolean;
  /** Set where the sender of a PROXY protocol header speaks for itself, as its health checks do: what is asked here is no client's. */
  readonly isSendersOwn?: true;
  /** Set on a listener for engines: requests here ask about others. Says which peers may. */
  readonly isEngine?: PeerGate | undefined;
};

const CONNECTION = Symbol("connection");

/** A property and no map, as it is read for each request. */
type Marked = { [CONNECTION]?: Connection };

/** Notes what is known of the connection behind a socket. */
export function markConnection(socket: object, connection: Connection): void {
  (socket as Marked)[CONNECTION] = connection;
}

/** What was noted. Nothing noted is a connection of nobody. */
export function connectionOf(socket: object): Connection {
  return (socket as Marked)[CONNECTION] ?? UNMARKED;
}

const UNMARKED: Connection = { peer: NOBODY, isEncrypted: false };

/** Node writes an IPv4 client of a listener on `::` as an IPv4-mapped address. It is the same client, and an address has one text. */
export function canonicalPeer(peer: string | undefined): string | undefined {
  return peer?.startsWith("::ffff:") ? (parseAddress(peer)?.text ?? peer) : peer;
}
