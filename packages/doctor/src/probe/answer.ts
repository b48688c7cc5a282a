import type { EchoMet } from "../echo/echo.ts";
import type { Observation } from "../echo/observation.ts";
import type { QuestionId } from "./question.ts";

export type Transport = "http" | "websocket";

/** What came back for one question. */
export type Answer = {
  readonly question: QuestionId;
  readonly transport: Transport;
  readonly family: 4 | 6;
  /** From 1. */
  readonly round: number;
  readonly result: AnswerResult;
};

export type AnswerResult =
  /** The echo saw it. `own` is the client's end of the connection that carried it. */
  | { readonly kind: "observed"; readonly observation: Observation; readonly own: OwnEnd; readonly tookMs: number }
  /** Somebody answered in place of the echo, or the echo answered that it would not. */
  | ({ readonly kind: "answered" } & Answerer)
  /** Another request was observed than the one that was sent: a cache, or another route. */
  | { readonly kind: "other-nonce"; readonly observation: Observation }
  /** Nobody answered in HTTP. `heard` is how what came instead begins. */
  | { readonly kind: "failed"; readonly code: string; readonly heard?: string };

/** Who answered in place of the echo, as far as the answer says. */
export type Answerer = {
  readonly status: number;
  /** Whether the echo itself refused. */
  readonly byEcho: boolean;
  /** What the echo met in place of the request. */
  readonly met?: EchoMet;
  readonly server?: string;
  readonly via?: string;
  /** Scheme, host and port that a redirect leads to. Not its path, which has the echo's secret in it. */
  readonly redirectsTo?: string;
  readonly certificate?: Certificate;
};

/** What a server says of itself in TLS. */
export type Certificate = { readonly subject: string; readonly issuer: string; readonly validTo: string };

/** Requests that were not sent, because those before them failed alike. */
export type Unasked = {
  readonly transport: Transport;
  readonly family: 4 | 6;
  readonly requests: number;
  /** What those before them failed with. */
  readonly code: string;
  /** The certificate that was refused. */
  readonly certificate?: Certificate;
};

/** The client's end of a connection, and what it dialed. */
export type OwnEnd = { readonly localAddress: string; readonly localPort: number; readonly dialed: string };

/** Everything that a probe found out, before it is read. */
export type ProbeRun = {
  readonly version: 1;
  /** The address that was probed, without the echo's path, which is a secret. */
  readonly target: string;
  /** What the name resolved to. */
  readonly addresses: readonly string[];
  readonly answers: readonly Answer[];
  readonly unasked?: readonly Unasked[];
  readonly told?: Told;
};

/** What whoever asked for a probe knows better than the probe. */
export type Told = {
  /** The client's own addresses on the internet. */
  readonly clients?: readonly string[];
  /** The address that the client was meant to dial. */
  readonly expected?: string;
};

/** Answers that the echo saw, of one kind. */
export function observedIn(
  run: ProbeRun,
  wanted: { readonly question?: QuestionId; readonly transport?: Transport; readonly family?: 4 | 6 },
): readonly Seen[] {
  return run.answers.flatMap(({ question, transport, family, round, result }) => {
    const isWanted =
      (wanted.question ?? question) === question && (wanted.transport ?? transport) === transport && (wanted.family ?? family) === family;
    return isWanted && result.kind === "observed" ? [{ question, transport, family, round, ...result }] : [];
  });
}

/** One observed answer with what it was an answer to. */
export type Seen = Omit<Answer, "result"> & Extract<AnswerResult, { kind: "observed" }>;
