import type { SourceCase, SourceRule } from "../description.ts";
import type { Place } from "../source.ts";
import { toldTexts } from "../told-text.ts";
import { arePrivate, type Connection, holds } from "./connection.ts";
import type { Chain, Match, Rule } from "./rule.ts";

/** How much is looked at. */
export type Budget = {
  /** Rules that may still be looked at, over all ways. */
  rules: number;
};

/** Outcomes of one way that are told, at the most. */
const MAX_CASES = 32;

export type SourcesOptions = {
  readonly connection: Connection;
  /** Where the way begins, for what no rule brings about. */
  readonly place: Place;
  /** Interfaces to the outside, as far as the rules tell. */
  readonly outerInterfaces: ReadonlySet<string>;
  readonly budget: Budget;
};

/** What rules do to the source of connections, as cases of which the first one counts that holds. */
export function sourcesOf(bases: readonly Chain[], options: SourcesOptions): readonly [SourceCase, ...SourceCase[]] {
  const outcomes = collapsed(outcomesOf(bases, options));
  const cases = outcomes.map(({ source, open: last, rule }, index): SourceCase => {
    const open = matchesOf(last);
    const texts = [...new Set(open.map(({ text }) => text).filter((text) => text !== ""))];
    const isLast = index === outcomes.length - 1;
    return {
      source,
      ...(!isLast && { condition: toldTexts(texts) }),
      isExpected: isLast || open.every((match) => isExpected(match, { rule, options })),
      place: rule?.place ?? options.place,
    };
  });
  const [first, ...others] = cases;
  return [first ?? { source: { kind: "kept" }, isExpected: true, place: options.place }, ...others];
}

type Outcome = { readonly source: SourceRule; readonly open: Open | undefined; readonly rule?: Rule };

/** What nobody can say of connections on a walk, the last one first. Walks share what they have behind them. */
type Open = { readonly match: Match; readonly before: Open | undefined };

/** As many of them as are told, in the order in which they were met. */
function matchesOf(open: Open | undefined): readonly Match[] {
  const matches: Match[] = [];
  for (let at = open; at !== undefined; at = at.before) matches.push(at.match);
  return matches.reverse();
}

/** Where a walk is, and where it goes on when the chain ends. */
type At = { readonly chain: Chain; readonly index: number; readonly back: At | undefined; readonly depth: number };
type Walk = { readonly at: At | undefined; readonly base: number; readonly open: Open | undefined };

/** Chains in chains. */
const MAX_JUMPS = 16;

/**
 * Walks through rules. Where nobody can say whether one fits, the walk goes both ways: first as if it did, so that what comes of that stands in front.
 *
 * Source: Linux, `nf_nat_inet_fn`: a chain that ends without a rewriting leaves it to the next one at the same hook.
 */
function outcomesOf(bases: readonly Chain[], { connection, budget }: SourcesOptions): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  const pending: Walk[] = [{ at: undefined, base: 0, open: undefined }];
  for (let walk = pending.pop(); walk !== undefined; walk = pending.pop()) {
    const { at, base, open } = walk;
    budget.rules -= 1;
    if (outcomes.length >= MAX_CASES || budget.rules <= 0) {
      outcomes.push({ source: { kind: "unknown", why: "too many rules" }, open: undefined });
      return outcomes;
    }
    if (at === undefined) {
      const next = bases[base];
      if (next === undefined) outcomes.push({ source: { kind: "kept" }, open });
      else pending.push({ at: { chain: next, index: 0, back: undefined, depth: 0 }, base: base + 1, open });
      continue;
    }
    const rule = at.chain.rules[at.index];
    if (rule === undefined) {
      pending.push({ ...walk, at: at.back });
      continue;
    }
    const behind: Walk = { ...walk, at: { ...at, index: at.index + 1 } };
    const answers = rule.matches.map((match) => ({ match, answer: holds(match, connection) }));
    if (rule.action.kind === "none" || answers.some(({ answer }) => answer === "no")) {
      pending.push(behind);
      continue;
    }
    const asked = answers.filter(({ answer }) => answer === "open").map(({ match }) => match);
    if (asked.length > 0) pending.push(behind);
    const fits = follow(rule, {
      at,
      walk: { ...walk, open: asked.reduce<Open | undefined>((before, match) => ({ match, before }), open) },
    });
    if ("source" in fits) outcomes.push(fits);
    else pending.push(fits);
  }
  return outcomes;
}

/** Where a walk goes when a rule fits, or what it ends with. */
function follow(rule: Rule, { at, walk }: { readonly at: At; readonly walk: Walk }): Walk | Outcome {
  const { action } = rule;
  const { open } = walk;
  const behind: At = { ...at, index: at.index + 1 };
  switch (action.kind) {
    case "rewrite":
      return { source: action.source, open, rule };
    case "unknown":
      return { source: { kind: "unknown", why: action.text }, open, rule };
    case "accept":
    case "drop":
      return { ...walk, at: undefined };
    case "return":
      return { ...walk, at: at.back };
    case "none":
    case "redirect":
      return { ...walk, at: behind };
    case "jump":
    case "goto": {
      const chain = at.chain.siblings.get(action.chain);
      if (chain === undefined || at.depth >= MAX_JUMPS) return { source: { kind: "unknown", why: action.chain }, open, rule };
      return { ...walk, at: { chain, index: 0, back: action.kind === "jump" ? behind : at.back, depth: at.depth + 1 } };
    }
  }
}

/** Without conditions at the end that change nothing. */
function collapsed(outcomes: readonly Outcome[]): readonly Outcome[] {
  const kept = [...outcomes];
  const sourceAt = (index: number): string => JSON.stringify(kept.at(index)?.source);
  while (kept.length > 1 && sourceAt(-1) === sourceAt(-2)) kept.splice(-2, 1);
  return kept;
}

/** Whether what else is known speaks for it that a condition is met: that a connection which comes in leaves by this interface, that one from the inside is from this network. */
function isExpected(
  { kind, values, isNegated }: Match,
  { rule, options }: { readonly rule: Rule | undefined; readonly options: SourcesOptions },
): boolean {
  const { outerInterfaces, connection } = options;
  if (kind === "source") return connection.from === "inside" && !isNegated;
  if (kind !== "out-interface" || values === undefined) return false;
  const isOuter = values.some((value) => outerInterfaces.has(value));
  if (isNegated) return isOuter;
  const leadsInside = rule?.matches.some(
    (match) => match.kind === "destination" && !match.isNegated && match.values !== undefined && arePrivate(match.values),
  );
  return !isOuter && (outerInterfaces.size > 0 || leadsInside === true);
}
