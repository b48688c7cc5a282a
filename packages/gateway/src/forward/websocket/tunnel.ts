import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Placed } from "../../places.ts";
import { type SideOwner, tell } from "./side.ts";

/** Counts looks at all tunnels, so that a tunnel can note when something happened without asking for the time. */
export type LookCounter = { readonly looks: number };

/** The two connections, who counts, and what is to be done when both are closed. */
export type TunnelParts = {
  readonly client: Duplex;
  readonly upstream: Duplex;
  readonly counter: LookCounter;
  readonly onClosed: (tunnel: Tunnel) => void;
};

/** How long a silent connection stays before the system asks whether its far end is still there. */
const KEEP_ALIVE_DELAY_MS = 60_000;

/**
 * Two connections joined into one: what one says the other hears, at the pace of the slower. A side that ends is ended at the other too, which may still
 * speak. A side that breaks takes the other with it. Bytes are never read.
 */
export class Tunnel implements SideOwner, Placed {
  readonly #parts: TunnelParts;
  /** The look after which it was opened, and after which something passed last. */
  readonly openedAt: number;
  activeAt: number;
  /** Among those that are open. */
  place = -1;
  /** The look after which one side ended and the other did not; `undefined` while both are open. */
  halfClosedAt: number | undefined;

  constructor(parts: TunnelParts) {
    this.#parts = parts;
    this.openedAt = parts.counter.looks;
    this.activeAt = parts.counter.looks;
  }

  /** Lets the target know that no more comes. What it still says reaches the client, and then both are closed. */
  end(): void {
    this.#end(this.#parts.upstream);
  }

  /** Lets the system ask now and then whether the far ends are still there. */
  keepAlive(): void {
    for (const side of [this.#parts.client, this.#parts.upstream]) if (side instanceof Socket) side.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
  }

  /** Cuts both sides. */
  destroy(): void {
    this.#parts.client.destroy();
    this.#parts.upstream.destroy();
  }

  said(side: Duplex, chunk: Buffer): void {
    const far = this.#farOf(side);
    this.activeAt = this.#parts.counter.looks;
    // Ended from here: what else comes has nowhere to go.
    if (!far.writableEnded && !far.write(chunk)) side.pause();
  }

  drained(side: Duplex): void {
    this.#farOf(side).resume();
  }

  ended(side: Duplex): void {
    this.#end(this.#farOf(side));
  }

  broke(): void {
    this.destroy();
  }

  closed(): void {
    const { client, upstream, onClosed } = this.#parts;
    this.destroy();
    if (client.closed && upstream.closed) onClosed(this);
  }

  #end(side: Duplex): void {
    side.end();
    this.halfClosedAt ??= this.#parts.counter.looks;
  }

  #farOf(side: Duplex): Duplex {
    const { client, upstream } = this.#parts;
    return side === client ? upstream : client;
  }
}

/** Joins two connections on which nobody else listens. */
export function splice(parts: TunnelParts): Tunnel {
  const tunnel = new Tunnel(parts);
  for (const side of [parts.client, parts.upstream]) {
    // It may be silent for long, whatever was set for requests.
    if (side instanceof Socket) side.setTimeout(0);
    tell(tunnel, side);
  }
  // One that closed before anybody listened would never say so again.
  if (parts.client.destroyed || parts.upstream.destroyed) tunnel.destroy();
  return tunnel;
}
