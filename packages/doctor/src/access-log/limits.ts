/** How much of a log is held at once. Memory does not grow with the log. */
export const LOG_LIMITS = {
  /** Longest line that is read. A longer one is counted and passed over. */
  maxLineBytes: 1_048_576,
  /** What is read at once of a plain file. */
  chunkBytes: 262_144,
  /** How much of the beginning of a file its format is told by. */
  maxDetectBytes: 262_144,
  maxDetectLines: 500,
  /** What is read at once behind the end of a part, where a line ends that begins in it. */
  restBytes: 16_384,
  /** Part of a file that one thread takes at a time. The smaller, the less any waits for the last. */
  rangeBytes: 8_388_608,
  /** Different evidence that is held before it is resolved. */
  maxHeldEvidence: 131_072,
  maxHeldEvidenceBytes: 12_582_912,
  /** Malformed lines that are shown, and how much of each, in bytes. */
  maxSamples: 5,
  maxSampleBytes: 200,
  /** Hops of a chain that are told apart when they are counted; longer chains are counted together. */
  maxCountedHops: 16,
} as const;
