/**
 * What one client did in a window of time, counted over its events. Of the texts that it sent only their number is kept. An event that stands for others that
 * were not sampled counts for all of them, except in numbers of different values.
 */
export type ClientCounts = {
  readonly requests: number;
  /** Answered by 400 to 499, but for what a security action denied: nobody is accused by what was done against him. */
  readonly clientErrors: number;
  /** Answered by 403, but for what a security action denied. */
  readonly forbidden: number;
  /** For files that are the same for everybody: pictures, scripts, style sheets, fonts, films, documents. */
  readonly staticRequests: number;
  /** Different paths of these. */
  readonly staticPaths: number;
  /** Different values of User-Agent. */
  readonly userAgents: number;
  /** Requests with the value that most of them had. */
  readonly topUserAgentRequests: number;
  /** Of the equal parts that the window is divided in, those in which it had a request. */
  readonly activeParts: number;
};

/** What is asked of the clients of an environment. */
export type ActivityQuestion = {
  /** Of the time at which exchanges began, in milliseconds since 1970: from `from` up to, but without, `until`. */
  readonly from: number;
  readonly until: number;
  /** How many parts the window is divided in. */
  readonly parts: number;
  /** A path that ends with a dot and one of these, in capitals or not, is one of a static file. Letters and digits. */
  readonly staticEndings: readonly string[];
  /** Clients that come at the most. */
  readonly maxClients: number;
};

/** What all clients of a window did. */
export type CountedClients = {
  /** Of all events, those of no client among them. */
  readonly requests: number;
  /** Clients with a verified address that is kept as it is, those with most events first. `client` is one address of IPv4, or the first 64 bits of one of IPv6. */
  readonly clients: readonly (ClientCounts & { readonly client: string })[];
  /** Whether these are all. Otherwise those with the fewest events are missing. */
  readonly isWhole: boolean;
};
