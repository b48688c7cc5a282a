type EnvLimits = {
  readonly maxEntries: number;
  readonly maxDepth: number;
  readonly maxEnvFileBytes: number;
  readonly maxSourceBytes: number;
  readonly maxSources: number;
};

/** How much of a tree is looked at. Each is a hard cap: what lies past it is told, not read. */
export const ENV_LIMITS: EnvLimits = {
  /** Folders and files that are looked at by name. */
  maxEntries: 50_000,
  /** How far below the given folder. */
  maxDepth: 24,
  /** Size of an env file. */
  maxEnvFileBytes: 1_048_576,
  /** Size of a file in which references to env files are looked for. */
  maxSourceBytes: 262_144,
  /** Files in which references are looked for. */
  maxSources: 5_000,
};
