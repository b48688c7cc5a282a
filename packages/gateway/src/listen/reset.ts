import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { carrierOf } from "./tls.ts";

/**
 * Cuts a connection with all that waits on it. Closing alone would leave what was written to the system, which keeps up to megabytes for minutes for a client that
 * does not read. Not for a client that may still be reading its last answer: it would lose the rest. Only TCP can be reset; any other connection is closed.
 */
export function reset(socket: Socket): void {
  const carrier = socket instanceof TLSSocket ? carrierOf(socket) : socket;
  // One that is ending already cannot be reset any more.
  if (carrier !== undefined && !carrier.destroyed && !carrier.writableEnded) {
    try {
      carrier.resetAndDestroy();
    } catch {
      // It is no TCP connection.
    }
  }
  socket.destroy();
}
