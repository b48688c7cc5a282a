/** What is said of requests that the service did not see, in English. `{…}` is filled when it is said. */
export const unseenEn = {
  unseenOver: "over",
  unseenRequests: "requests",
  unseenMeans: "what it means",
  answererHeading: "Who answered in place of the service",
  answererWho: "who",
  answererStatus: "status {status}",
  answererCertificate: "certificate: {subject}, issued by {issuer}",
  "answerer.echo-path":
    "The echo itself, which has another path: the URL is not the one that it printed, or a proxy on the way changes the path.",
  "answerer.echo-busy": "The echo itself, which is asked too often: somebody else probes it, too.",
  "answerer.echo-handshake": "The echo itself, which got no WebSocket handshake: a proxy on the way takes its fields away.",
  "answerer.echo-preamble":
    "The echo itself, which met a PROXY protocol header before the request: a proxy on the way sends one, and a service that does not read it refuses every connection.",
  "answerer.echo-tls": "The echo itself, which was spoken to in TLS by a proxy on the way: let it connect in plain HTTP.",
  "answerer.echo-malformed": "The echo itself, which could not read what a proxy on the way made of the request.",
  "answerer.redirect": "A redirect to {to}, which is not followed: probe that address.",
  "answerer.refused": "Access is refused before the service: let the echo's path through, or probe from where it is let through.",
  "answerer.no-path": "Another service or another virtual host answers there, or the path of the echo is another.",
  "answerer.no-service":
    "A proxy answers that does not reach what is behind it: see whether the echo runs, on the address and port that the proxy connects to.",
  "answerer.no-echo": "Another service answers for this path: the request is not passed on to the echo.",
  "answerer.bad-request": "Whoever listens there expects something else than plain HTTP, such as TLS or PROXY protocol.",
  "answerer.other": "Neither the echo nor a refusal that is known here.",
  silenceHeading: "Without an answer",
  silenceWhy: "why",
  silenceNotSent: "{requests} more were not sent, as these failed alike",
  "silence.refused": "Nobody listens at this address and port, or a firewall says so.",
  "silence.timeout": "No answer in time: packets are dropped on the way there, or on the way back.",
  "silence.closed": "The connection was closed without an answer: by a firewall, or by a server that expects TLS or PROXY protocol.",
  "silence.unreachable": "There is no route to this address from here.",
  "silence.source": "This host has no such address to connect from.",
  "silence.not-http": "What listens there does not speak HTTP. It began with: {heard}",
  "silence.tls": "TLS is spoken there: probe it with https.",
  "silence.not-tls": "No TLS is spoken there: probe it with http.",
  "silence.authority":
    "The certificate of {subject}, issued by {issuer}, is of an authority that is not known here: give the authority's certificate with --ca FILE, or in NODE_EXTRA_CA_CERTS.",
  "silence.other-name": "The certificate of {subject} is for another name than the one that was dialed.",
  "silence.expired": "The certificate of {subject} was valid until {validTo}.",
  "silence.other": "What this code means is not known here.",
} as const;

export type UnseenMessageKey = keyof typeof unseenEn;

/** All that is said of requests that the service did not see, in a language. */
export type UnseenMessages = Readonly<Record<UnseenMessageKey, string>>;
