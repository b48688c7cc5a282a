/** What is said of a policy's fit, in English. `{…}` is filled when it is said. */
export const fitEn = {
  fitTitle: "Whether the policy fits its traffic",
  "fitVerdict.FITS": "{name}, revision {revision}, last 15 minutes: nothing speaks against the policy.",
  "fitVerdict.MISFITS": "{name}, revision {revision}, last 15 minutes: the policy does not fit its traffic.",
  "fitVerdict.UNKNOWN": "{name}, revision {revision}, last 15 minutes: too few requests to say.",
  fitOpen: "Control sees it since {since}, last under revision {revision}.",
  fitStillOpen:
    "Control still counts it as not fitting, since {since}, last seen under revision {revision}: {findings}. Traffic that fits ends it.",
  fitCount: "requests",
  fitShare: "share",
  fitRequests: "requests",
  fitFallback: "fallback: {reason}",
  fitRejected: "no address: {reason}",
  fitPrivate: "private address",
  fitProvider: "address of a provider's proxies",
  fitTopAddress: "commonest address",
  fitHops: "{header}, hops: {hops}",
  fitFindings: "What speaks against it",
  "fitFinding.fallbacks": "{share} of the requests: the algorithm had no address, and the fallback was taken",
  "fitFinding.no-address": "{share} of the requests were rejected for want of an address",
  "fitFinding.private-results": "{share} of the requests come out with an address that no client on the internet has",
  "fitFinding.provider-results": "{share} of the requests come out with an address of a provider's proxies",
  "fitFinding.one-address": "{share} of the requests come out with one address, and by several user agents",
  "fitFinding.short-chains": "{share} of the headers have fewer hops than the index counts",
  "fitFinding.long-chains":
    "{share} of the headers have more hops than the index counts: the path writes them, and the index takes a proxy",
  "fitFinding.websocket-differs":
    "{share} of the requests are WebSocket handshakes that come out otherwise than the other requests of their API",
  fitCauses: "What may be behind it",
  fitUndecided: "The first could still be another.",
  fitProposal: "A policy that fits what was seen",
  fitConfirm: "Traffic does not show who wrote which hop. Confirm it with a probe before anything relies on it.",
  fitNext: "What to do about a cause, and what to find out next, says: {command}",
} as const;

export type FitMessageKey = keyof typeof fitEn;

/** All that is said of a policy's fit, in a language. */
export type FitMessages = Readonly<Record<FitMessageKey, string>>;
