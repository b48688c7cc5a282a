import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Answer, AnswerResult, ProbeRun, Told, Transport } from "./answer.ts";
import { ProbeError } from "./errors.ts";
import { HTTP_QUESTIONS, QUESTIONS, type Question } from "./question.ts";
import { askHttp, askWebSocket, type Destination, oneConnection } from "./send.ts";

export type ProbeOptions = {
  /** The echo's address as the client reaches it: public name, port, and the echo's path. */
  readonly url: URL;
  readonly rounds: number;
  readonly transports: readonly Transport[];
  readonly families: readonly (4 | 6)[];
  /** The client's own address to connect from. */
  readonly from?: string;
  readonly timeoutMs: number;
  /** Pause between two requests in milliseconds, so that a probe is never a load. */
  readonly pauseMs: number;
  readonly told?: Told;
  /** Called after each answer, with the number of answers there will be. */
  readonly onAnswer?: (done: number, all: number) => void;
};

/**
 * Asks an echo what arrives of what was sent, over each transport and family, several times. Requests are GET and WebSocket handshakes for paths of the echo alone.
 *
 * The name is looked up once; every request goes to an address that it had then. Errors: `ProbeError` when the name has no address of the families asked for.
 */
export async function runProbe(options: ProbeOptions): Promise<ProbeRun> {
  const { url, rounds, transports, families } = options;
  const addresses = await addressesOf(url.hostname);
  const destinations = families.flatMap((family) => {
    const address = addresses.find((candidate) => isIP(candidate) === family);
    return address === undefined ? [] : [destinationOf(options, { address, family })];
  });
  if (destinations.length === 0) throw new ProbeError("PROBE_NO_ADDRESS", `${url.hostname} has no IPv${families.join(" or IPv")} address`);
  const legs = destinations.flatMap((destination) => transports.map((transport) => ({ destination, transport })));
  const all = legs.reduce((sum, { transport }) => sum + questionsFor(transport).length * rounds, 0);
  const answers: Answer[] = [];
  for (const leg of legs) {
    for (let round = 1; round <= rounds; round += 1) {
      for await (const answer of askRound({ ...leg, round, pauseMs: options.pauseMs })) {
        answers.push(answer);
        options.onAnswer?.(answers.length, all);
      }
    }
  }
  return { version: 1, target: url.origin, addresses, answers, ...(options.told && { told: options.told }) };
}

function destinationOf({ url, from, timeoutMs }: ProbeOptions, { address, family }: { address: string; family: 4 | 6 }): Destination {
  return { url, address, family, timeoutMs, ...(from !== undefined && { from }) };
}

async function addressesOf(host: string): Promise<readonly string[]> {
  const bare = host.replace(/^\[|\]$/g, "");
  if (isIP(bare) !== 0) return [bare];
  try {
    return (await lookup(bare, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new ProbeError("PROBE_NO_ADDRESS", `${bare} has no address`, { cause: error });
  }
}

function questionsFor(transport: Transport): readonly Question[] {
  return transport === "http" ? HTTP_QUESTIONS : QUESTIONS;
}

type Leg = { readonly destination: Destination; readonly transport: Transport; readonly round: number; readonly pauseMs: number };

/** One after the other: a probe that asks at once would measure its own queue. */
async function* askRound({ destination, transport, round, pauseMs }: Leg): AsyncGenerator<Answer> {
  const kept = oneConnection(destination.url);
  let plainNonce = drawNonce();
  try {
    for (const question of questionsFor(transport)) {
      // "again" asks for what was asked before; everything else for what nobody asked for yet
      const nonce = question.id === "again" ? plainNonce : drawNonce();
      if (question.id === "plain") plainNonce = nonce;
      const sending = { destination, question, nonce };
      const isKept = question.id === "reused-first" || question.id === "reused-second";
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
