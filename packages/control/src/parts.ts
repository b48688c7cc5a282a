import type { ConfigStore } from "./config-store/port.ts";
import type { DebugTails } from "./debug-tails.ts";
import type { EventStore } from "./event-store/port.ts";
import type { Fleet } from "./fleet.ts";
import type { FreshEvents } from "./fresh-events.ts";
import type { Identify } from "./http/caller.ts";
import type { Reach } from "./http/reach.ts";
import type { ControlLimits } from "./limits.ts";
import type { RegularLook } from "./look-regularly.ts";
import type { LoopTurns } from "./loop-turns.ts";
import type { ControlMetrics } from "./metrics.ts";
import type { ControlNotice } from "./notice.ts";
import type { Probing } from "./probing.ts";
import type { Publisher } from "./publish.ts";
import type { ControlRanges } from "./ranges.ts";
import type { SnapshotKey } from "./snapshot-key.ts";

/** What the API works with. Made once, in control.ts. */
export type ControlParts = {
  readonly store: ConfigStore;
  readonly publisher: Publisher;
  readonly fleet: Fleet;
  readonly debugTails: DebugTails;
  /** `undefined` when control keeps no events. */
  readonly eventStore: EventStore | undefined;
  readonly freshEvents: FreshEvents;
  /** Of batches of events, which are judged one at each turn. */
  readonly batchTurns: LoopTurns;
  /** Runs what is asked of events in the background. */
  readonly queryRuns: Pick<RegularLook, "look">;
  readonly snapshotKey: SnapshotKey;
  readonly reach: Reach;
  readonly metrics: ControlMetrics;
  readonly limits: ControlLimits;
  readonly ranges: ControlRanges;
  /** Sends probes; absent where control may send none. */
  readonly probing: Probing | undefined;
  /** Tells who asks. */
  readonly identify: Identify;
  readonly onNotice: (notice: ControlNotice) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};
