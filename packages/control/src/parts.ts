import type { ConfigStore } from "./config-store/port.ts";
import type { ControlLimits } from "./limits.ts";
import type { ControlNotice } from "./notice.ts";
import type { Publisher } from "./publish.ts";

/** What the API works with. Made once, in control.ts. */
export type ControlParts = {
  readonly organization: string;
  readonly store: ConfigStore;
  readonly publisher: Publisher;
  readonly limits: ControlLimits;
  readonly onNotice: (notice: ControlNotice) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};
