import type { Observation, RoundTrip } from "../echo/observation.ts";
import { observedIn, type ProbeRun, type Seen, type Transport } from "../probe/answer.ts";
import { CANARIES } from "../probe/canaries.ts";
import type { QuestionId } from "../probe/question.ts";
import {
  type AliasFate,
  aliasFateOf,
  type ChainFate,
  chainFateOf,
  chainOf,
  type HopByHopFate,
  hopByHopFateOf,
  type LinesFate,
  linesFateOf,
  type SingleHeaderFate,
  singleFatesOf,
} from "./header-fate.ts";

/** What was learned over one transport and one family. A field is absent where rounds contradict each other, or nothing came back. */
export type Leg = {
  readonly transport: Transport;
  readonly family: 4 | 6;
  /** An observation of a request that claimed nothing. */
  readonly plain: Observation;
  /** Elements of X-Forwarded-For that the path writes by itself. */
  readonly plainChain: readonly string[];
  /** Peers that the service saw, the commonest first. */
  readonly peers: readonly string[];
  readonly chain?: ChainFate;
  readonly lines?: LinesFate;
  readonly hopByHop?: HopByHopFate;
  readonly alias?: AliasFate;
  readonly singles: readonly SingleHeaderFate[];
  /** Whether the client's port arrived: always, never, or sometimes (absent). */
  readonly isPortKept?: boolean;
  readonly roundTrip?: RoundTrip;
  /** Hops that the connection's first packet has lost: 0 is a neighbour's own packet. */
  readonly hopsLost?: number;
  /** Whether an answer came from a cache. */
  readonly isCached: boolean;
  /** The service's processes that answered. */
  readonly instances: number;
};

/** Reads what a probe's answers over one transport and family come to. `undefined` when the echo saw none of them. */
export function learnLeg(run: ProbeRun, { transport, family }: { transport: Transport; family: 4 | 6 }): Leg | undefined {
  const seen = observedIn(run, { transport, family });
  const of = (question: QuestionId): readonly Seen[] => seen.filter((one) => one.question === question);
  const [plain] = of("plain");
  if (plain === undefined) return undefined;
  const chain = agreed(of("canary").map((one) => chainFateOf(one, CANARIES.single)));
  const hopByHop = run.answers
    .filter((answer) => answer.question === "hop-by-hop" && answer.transport === transport && answer.family === family)
    .map(({ result }) => (chain === undefined ? undefined : hopByHopFateOf(result, chain)));
  const lines = agreed(of("two-lines").map(linesFateOf));
  const alias = agreed(of("alias").map(aliasFateOf));
  const hop = agreed(hopByHop.filter((fate) => fate !== undefined));
  const isPortKept = agreed(seen.map(({ own, observation }) => own.localPort === observation.peer.port));
  const hopsLost = agreed(seen.flatMap(({ observation: { synTtl } }) => (synTtl === undefined ? [] : [hopsOf(synTtl)])));
  const roundTrip = shortest(seen.flatMap(({ observation }) => (observation.roundTrip === undefined ? [] : [observation.roundTrip])));
  return {
    transport,
    family,
    plain: plain.observation,
    plainChain: chainOf(plain.observation),
    peers: byCount(seen.map(({ observation }) => observation.peer.address)),
    ...(chain && { chain }),
    ...(lines && { lines }),
    ...(hop && { hopByHop: hop }),
    ...(alias && { alias }),
    singles: agreed(of("single-headers").map(singleFatesOf)) ?? [],
    ...(isPortKept !== undefined && { isPortKept }),
    ...(roundTrip && { roundTrip }),
    ...(hopsLost !== undefined && { hopsLost }),
    isCached: isCached(run, { transport, family }),
    instances: new Set(seen.map(({ observation }) => observation.instance)).size,
  };
}

/** Systems begin at 64, 128 or 255. */
function hopsOf(ttl: number): number {
  return ([64, 128, 255].find((initial) => initial >= ttl) ?? 255) - ttl;
}

/** What all rounds say alike. */
function agreed<Value>(values: readonly Value[]): Value | undefined {
  const [first, ...others] = values;
  return others.every((value) => JSON.stringify(value) === JSON.stringify(first)) ? first : undefined;
}

function byCount(values: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].toSorted(([, first], [, second]) => second - first).map(([value]) => value);
}

function shortest(trips: readonly RoundTrip[]): RoundTrip | undefined {
  return trips.toSorted((first, second) => first.applicationMs - second.applicationMs)[0];
}

/** A second answer for a nonce that the service counted as the first one, or an answer for somebody else's nonce, did not come from the service. */
function isCached(run: ProbeRun, { transport, family }: { transport: Transport; family: 4 | 6 }): boolean {
  const answers = run.answers.filter((answer) => answer.transport === transport && answer.family === family);
  if (answers.some(({ result }) => result.kind === "other-nonce")) return true;
  const counted = answers.flatMap(({ result }) =>
    result.kind === "observed" ? [`${result.observation.instance} ${result.observation.sequence}`] : [],
  );
  return new Set(counted).size < counted.length;
}
