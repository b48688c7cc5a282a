/** The words of reports in English. Every other language has the same messages, with the same slots in braces. */
export const en = {
  diagnosisTitle: "Why the client address is wrong",
  nothingKnown: "No fact speaks for any cause yet.",
  decided: "The cause is decided.",
  undecided: "It is not decided yet.",
  nextTest: "The next examination, {test}: {title}. {do}",
  noNextTest: "No examination is left that could tell more. Look at the first causes one after the other.",
  causesHeading: "Causes, the likeliest first",
  cause: "cause",
  score: "score",
  weight: "weight",
  evidence: "evidence",
  nothing: "nothing",
  symptom: "What one sees: {text}.",
  tell: "What tells it apart: {text}.",
  caution: "Caution: {text}.",
  fixHeading: "What to change",
  fixReady: "On {on}:",
  fixProveFirst: "On {on}, only after {test} has shown that replies come back through the edge:",
  fixRefused: "Not on {on}: {test} shows that replies do not come back through the edge, so this would cut every connection.",
  insteadHeading: "What to do in its place",
  verify: "Then verify with {tests}.",
  warningsHeading: "Before anything else",
  "warning.lost-below-http":
    "The address is lost below HTTP. Nothing above layer 4 can bring it back: no setting of the application and no header.",
  "warning.no-header-can-be-trusted":
    "The source is rewritten, and outsiders come through the rewrite. A proxy and an attacker arrive with the same peer, so no header can be trusted: trusting this peer lets any client choose its address. Only PROXY protocol or mutual TLS from the proxy, or an end to the rewrite, mends that.",
  "warning.prove-return-route":
    "Do not switch source NAT off yet. If the service's replies do not come back through the edge, that is an outage. Run {test} first.",
  "warning.return-route-missing":
    "Do not switch source NAT off. The service's replies do not come back through the edge: without it nobody would reach the service.",
  "warning.forgeable": "A client can choose its own address. Treat the address as a claim until that is mended.",
} as const;

export type MessageKey = keyof typeof en;

/** All messages of a language. */
export type Messages = Readonly<Record<MessageKey, string>>;
