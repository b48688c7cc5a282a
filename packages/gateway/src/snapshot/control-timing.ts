/** How long a control source waits for what, in milliseconds. */
export type ControlTiming = {
  /** From an event stream's header to its first snapshot, which control sends at once. After that something in between holds the stream back. */
  readonly firstEventTimeoutMs: number;
  /** Silence on the stream; control says something every 15 s. After that, too, something in between may hold it back. */
  readonly silenceTimeoutMs: number;
  /** How long control may hold a poll back. */
  readonly pollWaitMs: number;
  /** Least time between two polls that bring nothing new. */
  readonly minPollIntervalMs: number;
  /** Polls go on for so long before the stream is tried again, and each time for longer: while it is, and is held back, a change comes late. */
  readonly minStreamRetryMs: number;
  readonly maxStreamRetryMs: number;
  /** Connecting, and any answer that control does not hold back. */
  readonly requestTimeoutMs: number;
  /** Pause between two reports while nothing changes. */
  readonly reportIntervalMs: number;
  readonly minReconnectMs: number;
  readonly maxReconnectMs: number;
  /** Least time before the next attempt after control did not let the gateway in. */
  readonly refusedWaitMs: number;
};

export const defaultTiming: ControlTiming = {
  firstEventTimeoutMs: 5_000,
  silenceTimeoutMs: 45_000,
  pollWaitMs: 25_000,
  minPollIntervalMs: 1_000,
  minStreamRetryMs: 60_000,
  maxStreamRetryMs: 3_600_000,
  requestTimeoutMs: 5_000,
  reportIntervalMs: 10_000,
  minReconnectMs: 100,
  maxReconnectMs: 5_000,
  refusedWaitMs: 30_000,
};
