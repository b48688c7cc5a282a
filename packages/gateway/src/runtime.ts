import type { Socket } from "node:net";
import type { Endings, Place } from "@wherefrom/model";
import type { AccessLog } from "./access-log/access-log.ts";
import type { Debugger } from "./debug/debugger.ts";
import type { EventRecorder } from "./events/event-recorder.ts";
import type { Upstreams } from "./forward/upstreams.ts";
import type { Tunnels } from "./forward/websocket/tunnels.ts";
import type { GatewayLimits } from "./limits.ts";
import type { Notice } from "./notice.ts";
import type { Overload } from "./overload/overload.ts";
import type { ExchangeRecord } from "./record/exchange-record.ts";
import type { RecordQueue } from "./record/record-queue.ts";
import type { Tally } from "./record/tally.ts";
import type { SignedHops } from "./signed-hop/open-hops.ts";
import type { CompiledSnapshot } from "./snapshot/compile.ts";

/** What the phases of one gateway share. Nothing in it belongs to one exchange. */
export type Runtime = {
  readonly limits: GatewayLimits;
  readonly upstreams: Upstreams;
  readonly tunnels: Tunnels;
  readonly overload: Overload;
  readonly tally: Tally;
  readonly debug: Debugger;
  /** The transport peer of a connection; `undefined` when there is none to know. */
  readonly peerOf: (socket: Socket) => string | undefined;
  /** The snapshot that new exchanges run by. */
  readonly snapshot: () => CompiledSnapshot;
  /** Which security actions and debug sessions are over. */
  readonly endings: Endings;
  /** Where an address is from; nothing is known without databases. */
  readonly placeOf: (ip: string) => Place;
  readonly signedHops: SignedHops;
  /** What TLS session tickets are sealed with, where other processes are to open them. */
  readonly ticketKeys: Buffer | undefined;
  readonly accessLog: AccessLog | undefined;
  readonly events: EventRecorder | undefined;
  /** What both of them are told by. */
  readonly records: RecordQueue | undefined;
  readonly onExchange: ((record: ExchangeRecord) => void) | undefined;
  readonly onNotice: (notice: Notice) => void;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
};
