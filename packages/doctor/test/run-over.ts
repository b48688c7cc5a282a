import type { HostFacts, Observation, RoundTrip } from "../src/echo/observation.ts";
import type { Answer, AnswerResult, ProbeRun, Transport } from "../src/probe/answer.ts";
import { HTTP_QUESTIONS, QUESTIONS, type Question } from "../src/probe/question.ts";

export type Fields = readonly (readonly [string, string])[];

/** A path as a function: what arrives of what is sent, and from whom. */
export type PathUnderTest = {
  readonly pass: (fields: Fields, request: { readonly transport: Transport; readonly round: number }) => Fields | number;
  readonly peer: string;
  readonly client?: string;
  readonly keepsPort?: boolean;
  readonly host?: Partial<HostFacts>;
  readonly roundTrip?: RoundTrip;
  readonly resolve?: (fields: Fields) => string | null;
};

/** What a probe would bring home from such a path. */
export function runOver({ pass, peer, client = "10.9.9.9", keepsPort = false, host = {}, roundTrip, resolve }: PathUnderTest): ProbeRun {
  let sequence = 0;
  const answerTo = (question: Question, { transport, round }: { transport: Transport; round: number }): Answer => {
    const fields = question.fields.filter(([name]) => name !== "Connection");
    const passed = pass(fields, { transport, round });
    sequence += 1;
    const result: AnswerResult =
      typeof passed === "number"
        ? { kind: "answered", status: passed, byEcho: false }
        : {
            kind: "observed",
            observation: observationOf(passed, { sequence, transport }),
            own: { localAddress: client, localPort: 40_000, dialed: "198.51.100.36:80" },
            tookMs: 1,
          };
    return { question: question.id, transport, family: 4, round, result };
  };
  const observationOf = (headers: Fields, { sequence: count, transport }: { sequence: number; transport: Transport }): Observation => ({
    version: 1,
    nonce: "abcdefghij0123456789",
    instance: "one",
    sequence: count,
    transport,
    target: "/",
    httpVersion: "1.1",
    peer: { address: peer, port: keepsPort ? 40_000 : 50_000 },
    local: { address: "10.77.0.180", port: 8000 },
    headers,
    trailers: [],
    host: { container: "no", hasSidecar: false, listensOnLoopback: false, ...host },
    ...(roundTrip && { roundTrip }),
    ...(resolve && { resolution: { ip: resolve(headers), outcome: "resolved", trust: "unverified" } }),
  });
  const legs: readonly { transport: Transport; questions: readonly Question[] }[] = [
    { transport: "http", questions: HTTP_QUESTIONS },
    { transport: "websocket", questions: QUESTIONS },
  ];
  const answers = legs.flatMap(({ transport, questions }) =>
    [1, 2].flatMap((round) => questions.map((question) => answerTo(question, { transport, round }))),
  );
  return { version: 1, target: "http://198.51.100.36", addresses: ["198.51.100.36"], answers };
}

export const XFF = "X-Forwarded-For";
const others = (fields: Fields): Fields => fields.filter(([name]) => name !== XFF);
export const chain = (fields: Fields): readonly string[] => fields.filter(([name]) => name === XFF).map(([, value]) => value);

/** What proxies do to the header, as nginx and HAProxy do it. */
export const append =
  (address: string) =>
  (fields: Fields): Fields => [...others(fields), [XFF, [...chain(fields), address].join(", ")]];
export const addLine =
  (address: string) =>
  (fields: Fields): Fields => [...fields, [XFF, address]];
export const overwrite =
  (address: string) =>
  (fields: Fields): Fields => [...others(fields), [XFF, address]];
export const passOn = (fields: Fields): Fields => fields;
export const strip = (fields: Fields): Fields => others(fields);
