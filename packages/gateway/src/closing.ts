import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayLimits } from "./limits.ts";

/** What closing takes beside draining and the access log: the last events on their way to control, the end of a process. */
const MORE_CLOSE_MS = 3_000;

/** How long a gateway that nobody waits for any more may take to close. */
export function closeMsOf({ drainTimeoutMs, accessLogTimeoutMs }: GatewayLimits): number {
  return drainTimeoutMs + accessLogTimeoutMs + MORE_CLOSE_MS;
}

/** The one closing of a gateway, alone or as a group: it goes on for `preStopDelayMs`, not ready any more, and then shuts. */
export class Closing {
  readonly #shut: () => Promise<void>;
  readonly #limits: () => GatewayLimits;
  #done: Promise<void> | undefined;

  /** `limits` are those of the moment: a group may get others while it runs. */
  constructor(shut: () => Promise<void>, limits: () => GatewayLimits) {
    this.#shut = shut;
    this.#limits = limits;
  }

  get hasBegun(): boolean {
    return this.#done !== undefined;
  }

  /** How long it takes at most. */
  get withinMs(): number {
    const limits = this.#limits();
    return limits.preStopDelayMs + closeMsOf(limits);
  }

  begin(): Promise<void> {
    const { preStopDelayMs } = this.#limits();
    this.#done ??= preStopDelayMs === 0 ? this.#shut() : sleep(preStopDelayMs).then(this.#shut);
    return this.#done;
  }
}
