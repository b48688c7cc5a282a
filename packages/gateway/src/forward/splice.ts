import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Two connections joined into one. */
export type Tunnel = {
  /** Cuts both sides. */
  destroy(): void;
  /** Calls back once when both sides are closed. */
  whenClosed(callback: () => void): void;
};

/** How long a silent connection stays before the system asks whether its far end is still there. */
const KEEP_ALIVE_DELAY_MS = 60_000;

/**
 * Joins two connections: what one says the other hears, at the pace of the slower. A side that ends is ended at the other too, which may still
 * speak for `halfCloseTimeoutMs`. A side that breaks takes the other with it. Bytes are never read.
 */
export function splice(client: Duplex, upstream: Socket, halfCloseTimeoutMs: number): Tunnel {
  let timer: NodeJS.Timeout | undefined;
  const callbacks: (() => void)[] = [];
  const destroy = (): void => {
    client.destroy();
    upstream.destroy();
  };
  const limitHalfOpen = (): void => {
    timer ??= setTimeout(destroy, halfCloseTimeoutMs);
  };
  const onClose = (): void => {
    destroy();
    if (!client.closed || !upstream.closed) return;
    clearTimeout(timer);
    for (const callback of callbacks.splice(0)) callback();
  };

  for (const socket of [client, upstream]) {
    if (socket instanceof Socket) keepOpen(socket);
    socket.on("error", destroy);
    socket.once("end", limitHalfOpen);
    socket.once("close", onClose);
  }
  client.pipe(upstream);
  upstream.pipe(client);
  // One that closed before anybody listened would never say so again.
  if (client.destroyed || upstream.destroyed) destroy();
  return { destroy, whenClosed: (callback) => void callbacks.push(callback) };
}

/** A WebSocket may be silent for long: silence does not close it, a far end that is gone does. */
function keepOpen(socket: Socket): void {
  socket.setTimeout(0);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
}
