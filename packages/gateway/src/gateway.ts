import type { AddressInfo, Socket } from "node:net";
import { peerOfSocket } from "wherefrom/node";
import { Tunnels } from "./forward/tunnels.ts";
import type { TargetState } from "./forward/upstream.ts";
import { Upstreams } from "./forward/upstreams.ts";
import { type GatewayLimits, withLimits } from "./limits.ts";
import { listen } from "./listen/listen.ts";
import { createListener } from "./listen/server.ts";
import type { Notice } from "./notice.ts";
import type { ExchangeRecord } from "./record/exchange-record.ts";
import type { Runtime } from "./runtime.ts";
import { RunningSnapshot } from "./snapshot/running-snapshot.ts";
import type { SnapshotSource } from "./snapshot/source.ts";

export type GatewayOptions = {
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly source: SnapshotSource;
  readonly limits?: Partial<GatewayLimits>;
  /** The transport peer of a connection; `undefined` when there is none to know. The socket's remote address unless told otherwise. */
  readonly peerOf?: (socket: Socket) => string | undefined;
  /** Gets the record of every exchange after its answer. It must return at once; what it throws is dropped. */
  readonly onExchange?: (record: ExchangeRecord) => void;
  readonly onNotice?: (notice: Notice) => void;
};

/** A running gateway. */
export type Gateway = {
  /** `http://host:port`, with the port that was taken. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Of the snapshot that new requests run by. */
  revision(): number;
  /** How each target of that snapshot does, as this gateway sees it. */
  targetStates(): readonly TargetState[];
  /** Takes no new connection, lets requests in flight finish for `drainTimeoutMs`, cuts the rest and WebSockets. */
  close(): Promise<void>;
};

/**
 * Opens a gateway. Resolves when it listens and has its first snapshot; it never listens without one.
 *
 * Errors: `GatewayError`, with nothing left open: for the limits, the snapshot (none within `firstSnapshotTimeoutMs`, or a file that is not valid), the port.
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { source } = options;
  const onNotice = quiet(options.onNotice);
  const limits = withLimits(options.limits ?? {});
  const upstreams = new Upstreams(limits);
  const tunnels = new Tunnels();
  const running = new RunningSnapshot(upstreams, onNotice);
  const runtime: Runtime = {
    limits,
    upstreams,
    tunnels,
    onNotice,
    peerOf: options.peerOf ?? peerOfSocket,
    onExchange: options.onExchange,
    snapshot: () => running.current(),
    now: () => performance.now(),
  };
  const listener = createListener(runtime);
  try {
    await source.open(running);
    await running.whenFirst(limits.firstSnapshotTimeoutMs);
    await listen(listener.server, options.listen);
  } catch (error) {
    await source.close();
    await upstreams.destroy();
    throw error;
  }
  const { address: host, port, family } = listener.server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${host}]` : host}:${port}`,
    host,
    port,
    revision: () => running.current().revision,
    targetStates: () => upstreams.states(),
    async close() {
      await source.close();
      await listener.close();
      await upstreams.destroy();
    },
  };
}

/** A listener that throws must not take a request with it. */
function quiet(onNotice: GatewayOptions["onNotice"]): (notice: Notice) => void {
  return (notice) => {
    try {
      onNotice?.(notice);
    } catch {
      // Its own fault, and there is nobody else to tell.
    }
  };
}
