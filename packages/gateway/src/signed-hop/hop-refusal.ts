/** Why a hop is not believed, in words that end a sentence. In the order in which it is looked for. */
export const whyRefused = {
  repeated: "there is more than one line of it",
  "untrusted-peer": "the peer is none that may sign",
  malformed: "no gateway writes it so",
  "unknown-key": "its key is not accepted here",
  forged: "its signature is not that key's for this request",
  stale: "it was issued too long ago",
  ahead: "it was issued in the future, by the clock of this gateway",
  replayed: "it was used before",
  "memory-full": "too many were used lately to know whether it was",
  unconfirmed: "the process that knows whether it was used did not answer in time",
} as const;

/** Why a signed hop was not believed. The request is then resolved as if it had none. */
export type HopRefusal = keyof typeof whyRefused;

/** All of them. */
export const hopRefusals: readonly HopRefusal[] = Object.keys(whyRefused) as HopRefusal[];
