import { judgedIn, type LogSummary, type Outcome, outcomeIn, type Part, share } from "./log-summary.ts";
import { PEER } from "./subjects.ts";

/** Something about a log that its reader should know. */
export type LogFinding = {
  readonly kind: /** One address is what nearly all lines resolve to. */
    | "one-address"
    /** Lines resolve to addresses that no client on the internet has; to those of a provider. */
    | "private-results"
    | "provider-results"
    /** The policy's algorithm rejects lines. */
    | "fallbacks"
    | "no-address"
    /** WebSocket handshakes come out otherwise than requests. */
    | "websocket-differs"
    /** After the time that splits the lines they come out otherwise than before it. */
    | "split-differs"
    /** A PROXY protocol header was taken for a request. */
    | "proxy-preamble"
    | "malformed"
    /** No line was left to be judged. */
    | "no-lines"
    /** A gzipped log ends before its time, so that lines are missing. */
    | "cut-off";
  /** Share of lines that it is about, from 0 to 1. */
  readonly share: number;
};

/** Below this share something is the exception that every log has. */
const MIN_SHARE = 0.01;
/** Lines that a statement takes. */
export const MIN_LINES = 20;
/** What nearly all is, and how far two parts have to be apart. */
export const NEARLY_ALL = 0.95;
const APART = 0.5;

/** Kinds of addresses that are no client's on the internet. */
const LOCAL = ["private", "loopback", "mesh", "link-local"] as const;

/** What a log shows. Pure. */
export function judgeLog(summary: LogSummary, isPolicyGiven: boolean): readonly LogFinding[] {
  const judged = judgedIn(summary.whole, isPolicyGiven);
  const { lines } = judged;
  const readLines = summary.lines;
  const found = (kind: LogFinding["kind"], part: number, least: number = MIN_SHARE): readonly LogFinding[] =>
    part >= least && part > 0 ? [{ kind, share: part }] : [];
  const { webSocket, before, after } = summary;
  const differs = (first: Part | undefined, second: Part | undefined): number =>
    first === undefined || second === undefined ? 0 : distance(judgedIn(first, isPolicyGiven), judgedIn(second, isPolicyGiven));
  return [
    ...(lines >= MIN_LINES ? found("one-address", topShare(judged), NEARLY_ALL) : []),
    ...found("private-results", localShare(judged)),
    ...found(
      "provider-results",
      share(
        Object.values(judged.providers).reduce((sum, count) => sum + count, 0),
        lines,
      ),
    ),
    ...found("fallbacks", share(judged.outcomes["fallback"], lines)),
    ...found("no-address", share(judged.outcomes["rejected"], lines)),
    ...found("websocket-differs", differs(webSocket, summary.http), APART),
    ...found("split-differs", differs(before, after), APART),
    ...found("proxy-preamble", share(summary.preambles.v1 + summary.preambles.v2, readLines), 0),
    ...found("malformed", share(summary.malformed + summary.tooLong, readLines)),
    ...found("no-lines", summary.whole.traffic.lines === 0 ? 1 : 0),
    ...found("cut-off", summary.cutOff > 0 ? 1 : 0),
  ];
}

/** How far two parts' results are apart, from 0 to 1: in what share is local, rejected, and one address. */
export function distance(first: Outcome, second: Outcome): number {
  if (first.lines < MIN_LINES || second.lines < MIN_LINES) return 0;
  const rejected = ({ outcomes, lines }: Outcome): number => share((outcomes["fallback"] ?? 0) + (outcomes["rejected"] ?? 0), lines);
  return Math.max(
    Math.abs(localShare(first) - localShare(second)),
    Math.abs(rejected(first) - rejected(second)),
    Math.abs(topShare(first) - topShare(second)),
  );
}

export function localShare({ kinds, lines }: Outcome): number {
  return share(
    LOCAL.reduce((sum, kind) => sum + (kinds[kind] ?? 0), 0),
    lines,
  );
}

export function topShare({ top, lines }: Outcome): number {
  return share(top[0]?.count, lines);
}

/** The peers of a part, as what the policy that takes the peer makes of it. */
export function peersIn(part: Part): Outcome {
  return outcomeIn(part, PEER);
}
