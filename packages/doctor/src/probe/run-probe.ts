import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Answer, AnswerResult, ProbeRun, Told, Transport, Unasked } from "./answer.ts";
import { refusedCertificate } from "./answerer.ts";
import type { Destination } from "./dial.ts";
import { ProbeError } from "./errors.ts";
import { HTTP_QUESTIONS, QUESTIONS, type Question, type QuestionId } from "./question.ts";
import { isWithin, type Reach } from "./reach.ts";
import { askHttp, askWebSocket, oneConnection } from "./send.ts";
import { silenceIn } from "./silence.ts";

export type ProbeOptions = {
  /** The echo's address as the client reaches it: public name, port, and the echo's path. */
  readonly url: URL;
  readonly rounds: number;
  readonly transports: readonly Transport[];
  readonly families: readonly (4 | 6)[];
  /** The client's own address to connect from. */
  readonly from?: string;
  /** Certificates of the authorities that are believed in place of Node's own, PEM. */
  readonly ca?: string;
  readonly timeoutMs: number;
  /** Pause between two requests in milliseconds, so that a probe is never a load. */
  readonly pauseMs: number;
  readonly told?: Told;
  /** Where the probe may go. Without it, to wherever the URL leads: whoever runs it may go there anyhow. */
  readonly reach?: Reach;
  /** Ends the probe. */
  readonly signal?: AbortSignal;
  /** Looks a name up. Default: the system's own resolver. */
  readonly lookUp?: LookUp;
  /** Called before each question. */
  readonly onQuestion?: (asking: Asking) => void;
};

/** What a probe is asking now. */
export type Asking = {
  readonly question: QuestionId;
  readonly transport: Transport;
  readonly address: string;
  readonly round: number;
  /** Requests that were sent before, and all that there will be unless some are left out. */
  readonly done: number;
  readonly all: number;
};

/** All addresses that a name has now. Rejects when it has none. */
export type LookUp = (name: string) => Promise<readonly string[]>;

/**
 * Asks an echo what arrives of what was sent, over each transport and family, several times. Requests are GET and WebSocket handshakes for paths of the echo alone.
 *
 * The name is looked up once; every request goes to an address that it had then. Errors: `ProbeError` when the name has no address of the families asked
 * for, when one of its addresses is out of reach, and when the probe is stopped.
 */
export async function runProbe(options: ProbeOptions): Promise<ProbeRun> {
  const { url, rounds, transports, families } = options;
  const addresses = await addressesOf(options);
  const destinations = families.flatMap((family) => {
    const address = addresses.find((candidate) => isIP(candidate) === family);
    return address === undefined ? [] : [destinationOf(options, { address, family })];
  });
  if (destinations.length === 0) throw new ProbeError("PROBE_NO_ADDRESS", `${url.hostname} has no IPv${families.join(" or IPv")} address`);
  const perRound = transports.reduce((sum, transport) => sum + questionsFor(transport).length, 0);
  const all = destinations.length * perRound * rounds;
  const answers: Answer[] = [];
  const unasked: Unasked[] = [];
  for (const destination of destinations) {
    let silence: Silence | undefined;
    for (const transport of transports) {
      const done = answers.length;
      const onQuestion: Leg["onQuestion"] = (asked, sent) =>
        options.onQuestion?.({ ...asked, transport, address: destination.address, done: done + sent, all });
      // a target that gave no answer to HTTP gives none to a WebSocket's handshake, which is HTTP
      const asked: Asked =
        silence === undefined ? await askLeg({ ...options, destination, transport, onQuestion }) : { answers: [], silence };
      answers.push(...asked.answers);
      const requests = questionsFor(transport).length * rounds - asked.answers.length;
      if (asked.silence !== undefined && requests > 0) unasked.push({ transport, family: destination.family, requests, ...asked.silence });
      if (asked.answers.every(({ result }) => result.kind === "failed")) silence = asked.silence;
    }
  }
  return {
    version: 1,
    target: url.origin,
    addresses,
    answers,
    ...(unasked.length > 0 && { unasked }),
    ...(options.told && { told: options.told }),
  };
}

function destinationOf({ url, from, ca, timeoutMs }: ProbeOptions, { address, family }: { address: string; family: 4 | 6 }): Destination {
  return { url, address, family, timeoutMs, ...(from !== undefined && { from }), ...(ca !== undefined && { ca }) };
}

/**
 * Of a name, one address out of reach is enough to refuse it: whoever answers for the name would choose among them. That it has none is told in the same
 * words, for it may be a name that only this host knows.
 */
async function addressesOf({ url, reach, lookUp = lookUpHere }: ProbeOptions): Promise<readonly string[]> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const outOfReach = (): ProbeError => new ProbeError("PROBE_OUT_OF_REACH", `${host} has no address, or one that this probe may not go to`);
  const found =
    isIP(host) !== 0
      ? [host]
      : await lookUp(host).catch((cause: unknown) => {
          throw reach === undefined ? new ProbeError("PROBE_NO_ADDRESS", `${host} has no address`, { cause }) : outOfReach();
        });
  if (reach !== undefined && !(found.length > 0 && found.every((address) => isWithin(reach, address)))) throw outOfReach();
  return found;
}

async function lookUpHere(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

function questionsFor(transport: Transport): readonly Question[] {
  return transport === "http" ? HTTP_QUESTIONS : QUESTIONS;
}

type Leg = Pick<ProbeOptions, "url" | "rounds" | "pauseMs" | "signal"> & {
  readonly destination: Destination;
  readonly transport: Transport;
  readonly onQuestion: (asked: Pick<Asking, "question" | "round">, sent: number) => void;
};

/** Why a leg was given up. */
type Silence = Pick<Unasked, "code" | "certificate">;

type Asked = { readonly answers: readonly Answer[]; readonly silence?: Silence | undefined };

async function askLeg(leg: Leg): Promise<Asked> {
  const answers: Answer[] = [];
  for (let round = 1; round <= leg.rounds; round += 1) {
    for await (const answer of askRound(leg, { round, sent: () => answers.length })) {
      if (leg.signal?.aborted === true) throw new ProbeError("PROBE_STOPPED", `${leg.url.origin}: the probe was stopped before its end`);
      answers.push(answer);
      const code = silenceIn(answers, questionsFor(leg.transport).length);
      if (code === undefined) continue;
      const certificate = await refusedCertificate(leg.destination, code);
      return { answers, silence: { code, ...(certificate && { certificate }) } };
    }
  }
  return { answers };
}

/** One after the other: a probe that asks at once would measure its own queue. */
async function* askRound(
  { destination, transport, pauseMs, onQuestion }: Leg,
  { round, sent }: { round: number; sent: () => number },
): AsyncGenerator<Answer> {
  const kept = oneConnection(destination.url);
  let plainNonce = drawNonce();
  try {
    for (const question of questionsFor(transport)) {
      // "again" asks for what was asked before; everything else for what nobody asked for yet
      const nonce = question.id === "again" ? plainNonce : drawNonce();
      if (question.id === "plain") plainNonce = nonce;
      const sending = { destination, question, nonce };
      const isKept = question.id === "reused-first" || question.id === "reused-second";
      onQuestion({ question: question.id, round }, sent());
      const result: AnswerResult = transport === "http" ? await askHttp(sending, isKept ? kept : undefined) : await askWebSocket(sending);
      yield { question: question.id, transport, family: destination.family, round, result };
      await pause(pauseMs);
    }
  } finally {
    kept.destroy();
  }
}

function drawNonce(): string {
  return randomBytes(12).toString("hex");
}
