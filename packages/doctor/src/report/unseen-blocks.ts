import type { Unseen, UnseenEnd } from "../path/unseen.ts";
import type { Certificate } from "../probe/answer.ts";
import type { Block, Line, Piece } from "./document.ts";
import { type Phrase, phrasesIn, type plainIn } from "./phrase.ts";
import { showAll } from "./redact.ts";

type Telling = { readonly say: Phrase; readonly plain: ReturnType<typeof plainIn> };

type Answered = Extract<UnseenEnd, { kind: "answered" }>;
type Failed = Extract<UnseenEnd, { kind: "failed" }>;

/** Tells who answered in place of the service, and which requests nobody answered. */
export function unseenBlocks(unseen: readonly Unseen[], { say, plain }: Telling): readonly Block[] {
  const answered = unseen.flatMap((one) =>
    one.end.kind === "answered" ? [[...headOf(one), whoIs(one.end, say), meaningOf(one.end, { transport: one.transport, say })]] : [],
  );
  const failed = unseen.flatMap((one) =>
    one.end.kind === "failed" ? [[...headOf(one), whyOf(one.end, say), silenceOf(one.end, say)]] : [],
  );
  const head = (third: string): readonly string[] => [plain("unseenOver"), plain("unseenRequests"), third, plain("unseenMeans")];
  return [
    ...(answered.length === 0
      ? []
      : [
          { kind: "heading", text: [plain("answererHeading")] } as const,
          { kind: "table", head: head(plain("answererWho")), rows: answered } as const,
        ]),
    ...(failed.length === 0
      ? []
      : [
          { kind: "heading", text: [plain("silenceHeading")] } as const,
          { kind: "table", head: head(plain("silenceWhy")), rows: failed } as const,
        ]),
  ];
}

/** Says in a line why a probe got no answer at all: the message of an error. */
export function silenceText(unseen: readonly Unseen[]): string {
  const say = phrasesIn("en");
  const kinds = unseen.flatMap(({ end, requests }) => (end.kind === "failed" && requests > 0 ? [{ ...end, requests }] : []));
  const lines = kinds.map((end) => `${end.code}: ${silenceOf(end, say).map(showAll).join("").replace(/\.$/, "")}`);
  const unasked = unseen.reduce((sum, { end }) => sum + (end.kind === "failed" ? end.unasked : 0), 0);
  const requests = kinds.reduce((sum, end) => sum + end.requests, 0);
  const left = unasked === 0 ? "" : `; ${unasked} more were not sent`;
  return `no answer to ${requests} requests${left}. ${[...new Set(lines)].join("; ")}`;
}

function headOf({ transport, family, requests }: Unseen): readonly Line[] {
  return [[`${transport === "http" ? "HTTP" : "WebSocket"}, IPv${family}`], [String(requests)]];
}

function whoIs({ status, server, via, certificate }: Answered, say: Phrase): Line {
  const parts: readonly Line[] = [
    say("answererStatus", { status: String(status) }),
    ...(server === undefined ? [] : [["Server: ", { kind: "given", text: server } as const]]),
    // names of proxies stand in it
    ...(via === undefined ? [] : [["Via: ", { kind: "name", text: via } as const]]),
    ...(certificate === undefined ? [] : [say("answererCertificate", namesIn(certificate))]),
  ];
  return parts.flatMap((part, index) => (index === 0 ? part : ["; ", ...part]));
}

function namesIn({ subject, issuer, validTo }: Certificate): Readonly<Record<string, Piece>> {
  return { subject: { kind: "name", text: subject }, issuer: { kind: "name", text: issuer }, validTo: { kind: "given", text: validTo } };
}

type Meaning = { readonly transport: Unseen["transport"]; readonly say: Phrase };

function meaningOf({ status, byEcho, met, redirectsTo }: Answered, { transport, say }: Meaning): Line {
  if (met !== undefined)
    return say(
      met.startsWith("proxy-protocol") ? "answerer.echo-preamble" : met === "tls" ? "answerer.echo-tls" : "answerer.echo-malformed",
    );
  if (byEcho && status === 404) return say("answerer.echo-path");
  if (byEcho && status === 429) return say("answerer.echo-busy");
  if (byEcho) return say(transport === "websocket" ? "answerer.echo-handshake" : "answerer.other");
  if (redirectsTo !== undefined) return say("answerer.redirect", { to: { kind: "name", text: redirectsTo } });
  if (status === 401 || status === 403 || status === 407) return say("answerer.refused");
  if (status === 404 || status === 410) return say("answerer.no-path");
  if (status >= 502 && status <= 504) return say("answerer.no-service");
  if (status >= 200 && status < 300) return say("answerer.no-echo");
  return say(status === 400 ? "answerer.bad-request" : "answerer.other");
}

function whyOf({ code, unasked }: Failed, say: Phrase): Line {
  const why: Line = [{ kind: "given", text: code }];
  return unasked === 0 ? why : [...why, "; ", ...say("silenceNotSent", { requests: String(unasked) })];
}

/** How a server that speaks TLS begins when it is spoken to in plain text: an alert (RFC 8446 §5.1). */
const TLS_ALERT = /^\x15\x03/;

function silenceOf({ code, heard, certificate }: Failed, say: Phrase): Line {
  const names = namesIn(certificate ?? { subject: "?", issuer: "?", validTo: "?" });
  switch (code) {
    case "ECONNREFUSED":
      return say("silence.refused");
    case "ETIMEDOUT":
      return say("silence.timeout");
    case "ECONNRESET":
    case "EPIPE":
    case "CLOSED":
      return say("silence.closed");
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return say("silence.unreachable");
    case "EADDRNOTAVAIL":
      return say("silence.source");
    case "NOT_TLS":
      return say("silence.not-tls");
    case "CERT_HAS_EXPIRED":
      return say("silence.expired", names);
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return say("silence.other-name", names);
    case "CERT_UNTRUSTED":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return say("silence.authority", names);
  }
  if (heard === undefined) return say("silence.other");
  return TLS_ALERT.test(heard) ? say("silence.tls") : say("silence.not-http", { heard: { kind: "given", text: heard } });
}
