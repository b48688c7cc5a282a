import { type Catalogue, type Cause, type Clue, type FactValue, holds } from "../causes/cause.ts";
import type { Facts } from "../facts/facts.ts";
import { chooseExamination, couldOvertake } from "./next-examination.ts";

/** A fact that speaks for or against a cause. */
export type WeighedFact = { readonly signal: string; readonly value: FactValue; readonly weight: number };

/** A cause with the evidence for and against it. */
export type RankedCause = {
  readonly id: string;
  /** Logarithm of how common the cause is, plus the weights for it, minus those against it. Only differences mean something. */
  readonly score: number;
  readonly for: readonly WeighedFact[];
  readonly against: readonly WeighedFact[];
};

/** Why the address is wrong, as far as the facts go. */
export type Diagnosis = {
  /** All causes, the likeliest first. */
  readonly causes: readonly RankedCause[];
  /** Whether the first could still be another: the lead is small, nothing speaks for it, or a cheap examination could turn it over. */
  readonly undecided: boolean;
  /** Id of the examination that tells most for its cost; `null` when it is decided, or when none could tell more. */
  readonly nextTest: string | null;
};

/** How far the first has to be ahead: one strong piece of evidence, or two weak ones. */
const DECISIVE_LEAD = 2;
/** Causes that are looked at, whether anything speaks for them or not, when it is asked whether something could still change. */
const CONTENDERS = 3;

/** Ranks the causes by what is known. Pure; the same facts always give the same order. */
export function diagnose(catalogue: Catalogue, facts: Facts): Diagnosis {
  const causes = catalogue.causes.map((cause) => rank(cause, facts)).sort(byScore);
  const [leader, ...rivals] = causes
    .filter((ranked, place) => place < CONTENDERS || ranked.for.length > 0)
    .flatMap(({ id, score }) => catalogue.causes.filter((cause) => cause.id === id).map((cause) => ({ cause, score })));
  if (leader === undefined) return { causes, undecided: true, nextTest: null };
  const open = isDecided(causes) ? rivals.filter((rival) => couldOvertake(catalogue, { facts, leader, rival })) : rivals;
  return { causes, undecided: open.length > 0, nextTest: chooseExamination(catalogue, { facts, leader, rivals: open }) };
}

function rank(cause: Cause, facts: Facts): RankedCause {
  const inFavour = weigh(cause.for, facts);
  const against = weigh(cause.against, facts);
  const score = Math.log(cause.prior) + sumOf(inFavour) - sumOf(against);
  return { id: cause.id, score: Math.round(score * 1000) / 1000, for: inFavour, against };
}

function weigh(clues: readonly Clue[], facts: Facts): readonly WeighedFact[] {
  return clues.flatMap(({ signal, condition, weight }) => {
    const value = facts.get(signal);
    return value !== undefined && holds(condition, value) ? [{ signal, value, weight }] : [];
  });
}

function sumOf(facts: readonly WeighedFact[]): number {
  return facts.reduce((sum, { weight }) => sum + weight, 0);
}

function byScore(first: RankedCause, second: RankedCause): number {
  return second.score - first.score || (first.id < second.id ? -1 : 1);
}

function isDecided([first, second]: readonly RankedCause[]): boolean {
  if (first === undefined || first.for.length === 0) return false;
  return second === undefined || first.score - second.score >= DECISIVE_LEAD;
}
