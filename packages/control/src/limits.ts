/** What control allows at the most. */
export type ControlLimits = {
  /** Longest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Longest request body that holds a whole organization or much evidence, in bytes. */
  readonly maxLargeBodyBytes: number;
  /** Deepest nesting of objects and lists in a request body. */
  readonly maxBodyDepth: number;
  /** How long a write waits for the connected gateways before it answers all the same. */
  readonly maxPublishWaitMs: number;
  /** How long after its start an event stream that names no gateway may turn out to be one's, by the gateway's first report. */
  readonly introductionMs: number;
  /** Longest wait that a long-poll may ask for. */
  readonly maxPollWaitMs: number;
  /** Pause between two comment lines on a quiet event stream. */
  readonly streamHeartbeatMs: number;
  /** Event streams open at a time, over all environments. */
  readonly maxStreams: number;
  /** Gateways remembered for one environment. The one that reported longest ago and is not connected goes first. */
  readonly maxGateways: number;
  /** A gateway that was not heard of for so long is stale: nobody knows what it runs. */
  readonly gatewayStaleMs: number;
  /** A gateway that was not heard of for so long is forgotten. */
  readonly gatewayForgetMs: number;
  /** Pause between two looks at what is tried on some gateways. */
  readonly stageLookMs: number;
  readonly maxOrganizations: number;
  /** Environments that the metrics have figures of: each has series of its own. */
  readonly maxMeasuredEnvironments: number;
  /** Environments of one organization. */
  readonly maxEnvironments: number;
  /** Routes of one environment. */
  readonly maxRoutes: number;
  /** Debug sessions of one environment that are not over. */
  readonly maxOpenDebugSessions: number;
  /** Debug sessions of one environment that are remembered, and of all environments of which what they recorded is kept. */
  readonly maxDebugSessions: number;
  /** Requests kept of one debug session, of all gateways together. */
  readonly maxTransactions: number;
  /** Size of what is kept of one debug session, in bytes of its JSON. */
  readonly maxSessionBytes: number;
  /** How often whoever follows a debug session is shown what other nodes got of it. */
  readonly debugPollMs: number;
  /** How long a recorded request is kept, in milliseconds. */
  readonly debugDataMaxAgeMs: number;
  /** Security actions of one environment, those that are over among them. */
  readonly maxSecurityActions: number;
  /** Revisions kept for one environment, of its configuration: settings and routes. */
  readonly maxRevisions: number;
  /** Beside them: of its security actions. */
  readonly maxSecurityRevisions: number;
  /** Beside them: of its debug sessions. */
  readonly maxDebugRevisions: number;
  /** Beside them: of ranges, and as many of bots, which control looked up by itself. */
  readonly maxControlRevisions: number;
  /** Operations kept for one organization. */
  readonly maxOperations: number;
  /** Probes under way at a time. */
  readonly maxProbes: number;
  /** How long a probe may take. */
  readonly probeTimeoutMs: number;
  /** Failed authentications of one client address in a window. */
  readonly maxAuthFailures: number;
  /** The same, while there are more than `maxAuthFailuresOfAll`. */
  readonly maxAuthFailuresInFlood: number;
  /** Failed authentications of all clients together in a window: more is a flood. */
  readonly maxAuthFailuresOfAll: number;
  /** How long such a window is. */
  readonly authFailureWindowMs: number;
  /** Client addresses that are remembered for having failed. The one whose window began longest ago is forgotten first. */
  readonly maxAuthFailureClients: number;
  /** Credentials of one client address that wait to be checked, while it may fail no more or many are checked at once. */
  readonly maxWaitingChecks: number;
  /** Credentials that are remembered as right, so that they wait in no such line. */
  readonly maxProvenCredentials: number;
  /** Tokens of one organization, and of those for all organizations. */
  readonly maxTokens: number;
  /** Sessions of browsers at a time. Of the organization that has most, the one that was used longest ago goes first. */
  readonly maxSessions: number;
  /** The same of one person or token. */
  readonly maxSessionsOfOwner: number;
  /** How long a session lasts at the most. */
  readonly sessionMaxAgeMs: number;
  /** A session that was not used for so long is over. */
  readonly sessionIdleMs: number;
  /** Pause between two looks for what is over: sessions of browsers, and what debug sessions recorded. */
  readonly sweepMs: number;
  /** Pause between two looks at the files of the API's certificate. */
  readonly certificateLookMs: number;
  /** Pause between two looks at the folder of range files. */
  readonly rangesLookMs: number;
  /** How long connecting to PostgreSQL may take, and waiting for one of the connections. */
  readonly databaseConnectTimeoutMs: number;
  /** How long PostgreSQL may take for one statement, the wait for another node's write included. */
  readonly databaseTimeoutMs: number;
  /** How often a node looks for what other nodes wrote, whether it was notified or not. */
  readonly databasePollMs: number;
  /** Connections of one node to PostgreSQL, beside the one that listens. */
  readonly maxDatabaseConnections: number;
  /** Memory that the event database may use, in bytes. What a question needs beyond it goes to a file beside the database. */
  readonly maxEventMemoryBytes: number;
  /** Room on the disk that all events together may take, in bytes. For more, the oldest are deleted. */
  readonly maxEventStoreBytes: number;
  /** Pause between two looks for events whose time is over, or for which there is no room. */
  readonly eventRetentionLookMs: number;
  /** Pause between two looks at whether policies fit their traffic. */
  readonly fitLookMs: number;
  /** Pause between two looks for clients that look like abusers. */
  readonly abuseLookMs: number;
  /** Clients of one environment that are looked at in a window, those with the most requests first. */
  readonly maxAbuseClients: number;
  /** Incidents of one environment that are kept. */
  readonly maxIncidents: number;
  /** How long after it was seen last a client counts for security actions that name `botReasons`. */
  readonly botHoldMs: number;
  /** How long a security action holds that is made of an incident and says nothing else, and how long it may. */
  readonly incidentActionTtlMs: number;
  readonly maxIncidentActionTtlMs: number;
  /** Groups of events that one question is answered with at the most. */
  readonly maxStatsGroups: number;
  /** Points in time that one question is answered with at the most, of all groups together. */
  readonly maxStatsPoints: number;
  /** Queries of one environment that are not over. */
  readonly maxOpenQueries: number;
  /** Queries of one environment that are kept, with their results. */
  readonly maxQueries: number;
  /** Rows of the result of one query; one that has more fails. */
  readonly maxQueryRows: number;
  /** Size of the result of one query; one that is larger fails. */
  readonly maxQueryBytes: number;
  /** How long a query is kept after it is over. */
  readonly queryMaxAgeMs: number;
  /** Pause between two looks for queries that another control, or one before, has left. */
  readonly queryLookMs: number;
  /** How long one question about events may take. */
  readonly eventQuestionTimeoutMs: number;
  /** How long the event database may take for anything else, the wait for what was asked before included. */
  readonly eventWriteTimeoutMs: number;
  /** How long `close` waits for requests that are still being answered. */
  readonly closeGraceMs: number;
};

export const DEFAULT_CONTROL_LIMITS: ControlLimits = {
  maxBodyBytes: 1_048_576,
  maxLargeBodyBytes: 33_554_432,
  maxBodyDepth: 32,
  maxPublishWaitMs: 1_000,
  introductionMs: 1_000,
  maxPollWaitMs: 60_000,
  streamHeartbeatMs: 15_000,
  maxStreams: 1_000,
  maxGateways: 1_000,
  gatewayStaleMs: 30_000,
  gatewayForgetMs: 86_400_000,
  stageLookMs: 1_000,
  maxOrganizations: 1_000,
  maxMeasuredEnvironments: 1_000,
  maxEnvironments: 1_000,
  maxRoutes: 1_000,
  maxOpenDebugSessions: 20,
  maxDebugSessions: 100,
  maxTransactions: 500,
  maxSessionBytes: 8_388_608,
  debugPollMs: 500,
  debugDataMaxAgeMs: 86_400_000,
  maxSecurityActions: 1_000,
  maxRevisions: 1_000,
  maxSecurityRevisions: 1_000,
  maxDebugRevisions: 100,
  maxControlRevisions: 100,
  maxOperations: 1_000,
  maxProbes: 2,
  probeTimeoutMs: 20_000,
  maxAuthFailures: 20,
  maxAuthFailuresInFlood: 5,
  maxAuthFailuresOfAll: 1_000,
  authFailureWindowMs: 60_000,
  maxAuthFailureClients: 10_000,
  maxWaitingChecks: 100,
  maxProvenCredentials: 10_000,
  maxTokens: 1_000,
  maxSessions: 1_000,
  maxSessionsOfOwner: 10,
  sessionMaxAgeMs: 43_200_000,
  sessionIdleMs: 3_600_000,
  sweepMs: 60_000,
  certificateLookMs: 5_000,
  rangesLookMs: 10_000,
  databaseConnectTimeoutMs: 2_000,
  databaseTimeoutMs: 5_000,
  databasePollMs: 1_000,
  maxDatabaseConnections: 10,
  maxEventMemoryBytes: 536_870_912,
  maxEventStoreBytes: 107_374_182_400,
  eventRetentionLookMs: 600_000,
  fitLookMs: 60_000,
  abuseLookMs: 30_000,
  maxAbuseClients: 50_000,
  maxIncidents: 1_000,
  botHoldMs: 3_600_000,
  incidentActionTtlMs: 3_600_000,
  maxIncidentActionTtlMs: 604_800_000,
  maxStatsGroups: 10_000,
  maxStatsPoints: 100_000,
  maxOpenQueries: 10,
  maxQueries: 100,
  maxQueryRows: 100_000,
  maxQueryBytes: 33_554_432,
  queryMaxAgeMs: 86_400_000,
  queryLookMs: 5_000,
  eventQuestionTimeoutMs: 20_000,
  eventWriteTimeoutMs: 60_000,
  closeGraceMs: 2_000,
};
