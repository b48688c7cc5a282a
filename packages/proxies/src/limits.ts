type ConfigLimits = {
  readonly maxFileBytes: number;
  readonly maxProgramBytes: number;
  readonly maxFiles: number;
  readonly maxIncludeDepth: number;
  readonly maxDepth: number;
  readonly maxStatements: number;
  readonly maxRules: number;
  readonly maxLines: number;
  readonly maxPassages: number;
  readonly maxEffects: number;
  readonly maxHeaders: number;
  readonly maxAsked: number;
  readonly maxRulesWalked: number;
  readonly maxNetworks: number;
  readonly maxPlaces: number;
  readonly maxTextUnits: number;
  readonly maxExpandedUnits: number;
  readonly maxIncludedBytes: number;
  readonly maxIssues: number;
};

/** How much of a configuration is read. Each is a hard cap: what lies past it is told, not read. */
export const CONFIG_LIMITS: ConfigLimits = {
  /** Size of one file. */
  maxFileBytes: 4_194_304,
  /** Size of a program in JavaScript or TypeScript, which is parsed as a whole. */
  maxProgramBytes: 1_048_576,
  /** Files of one configuration, with those that it includes. */
  maxFiles: 1_000,
  /** Includes in an include. */
  maxIncludeDepth: 16,
  /** Blocks in a block. */
  maxDepth: 64,
  /** Directives, rules, words of a program. */
  maxStatements: 100_000,
  /** Rules on the address in one section. */
  maxRules: 1_000,
  /** Lines of one header that one place sets. */
  maxLines: 16,
  /** Ways through one configuration. */
  maxPassages: 2_000,
  /** Things done to headers, on all ways together. Each is followed for each way. */
  maxEffects: 20_000,
  /** Headers in which one proxy looks for its client. */
  maxHeaders: 16,
  /** Things that one rule of a packet filter asks of a connection. */
  maxAsked: 100,
  /** Rules of a packet filter that are looked at for all ways together. */
  maxRulesWalked: 1_000_000,
  /** Networks of one list of peers. */
  maxNetworks: 10_000,
  /** Places that one finding names beside its own. */
  maxPlaces: 20,
  /** UTF-16 units of a text that is told: a name, a condition. A longer one ends in `…`. */
  maxTextUnits: 1_000,
  /** UTF-16 units that names and arguments may stand for in all places together. */
  maxExpandedUnits: 4_194_304,
  /** Bytes of the files that are included, together; one that is included twice counts twice. */
  maxIncludedBytes: 67_108_864,
  /** Faults that are told of one configuration. */
  maxIssues: 100,
};
