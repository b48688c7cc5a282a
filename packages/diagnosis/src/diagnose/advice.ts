import type { Catalogue, Cause, Fix, LossPlace } from "../causes/cause.ts";
import type { Facts } from "../facts/facts.ts";
import type { Diagnosis } from "./diagnose.ts";

/**
 * A fix, and whether it may be made. `prove-first`: only after the examination says yes, for it would cut connections otherwise. `refused`: that is known to be
 * the case.
 */
export type AdvisedFix = Fix & { readonly state: "ready" | "prove-first" | "refused"; readonly test?: string };

/** What to do about one cause. */
export type CauseAdvice = {
  readonly id: string;
  readonly lostAt: LossPlace;
  readonly fixes: readonly AdvisedFix[];
  /** What to do where a fix is refused: another cause's fixes. */
  readonly instead?: { readonly id: string; readonly fixes: readonly AdvisedFix[] };
  /** Ids of the examinations that show whether it worked. */
  readonly verify: readonly string[];
};

/** Something that has to be said whatever is done next. */
export type Warning =
  /** The address is lost below HTTP: nothing above layer 4 brings it back, and no header that arrives can be made to. */
  | "lost-below-http"
  /** Source NAT hides who sends, and outsiders get through it: whoever arrives from that peer can write any header. */
  | "no-header-can-be-trusted"
  /** Source NAT must not be switched off before the way back is proven. */
  | "prove-return-route"
  /** The way back is missing: without source NAT nobody reaches the service. */
  | "return-route-missing"
  /** A client can choose its own address. */
  | "forgeable";

/** What to do about the causes that lead. */
export type Advice = { readonly causes: readonly CauseAdvice[]; readonly warnings: readonly Warning[] };

const RETURN_ROUTE = "route.defaultViaEdge";
const RETURN_ROUTE_TEST = "T17";
/** Causes that come this close to the first are advised on too while it is undecided. */
const CLOSE = 2;
const MAX_ADVISED = 3;

/** Says what to do about the cause that leads, or about those that share the lead. Nothing is advised on that no fact speaks for. */
export function advise(catalogue: Catalogue, { facts, diagnosis }: { readonly facts: Facts; readonly diagnosis: Diagnosis }): Advice {
  const leading = leadersOf(catalogue, diagnosis);
  const causes = leading.map((cause) => adviceOn(cause, { catalogue, facts }));
  return { causes, warnings: warningsOf(leading, { facts, causes }) };
}

function leadersOf(catalogue: Catalogue, { causes, undecided }: Diagnosis): readonly Cause[] {
  const best = causes[0]?.score ?? 0;
  const count = undecided ? MAX_ADVISED : 1;
  const leaders = causes.slice(0, count).filter((ranked) => ranked.for.length > 0 && best - ranked.score < CLOSE);
  return leaders.flatMap(({ id }) => catalogue.causes.filter((cause) => cause.id === id));
}

type Knowledge = { readonly catalogue: Catalogue; readonly facts: Facts };

function adviceOn(cause: Cause, { catalogue, facts }: Knowledge): CauseAdvice {
  const fixes = cause.fixes.map((fix) => judgeFix(fix, facts));
  const isRefused = fixes.some(({ state }) => state === "refused");
  const other = isRefused ? catalogue.causes.find(({ id }) => id === cause.instead) : undefined;
  const instead = other && { id: other.id, fixes: other.fixes.map((fix) => judgeFix(fix, facts)) };
  return { id: cause.id, lostAt: cause.lostAt, fixes, ...(instead && { instead }), verify: cause.verify };
}

function judgeFix(fix: Fix, facts: Facts): AdvisedFix {
  if (fix.needs === undefined) return { ...fix, state: "ready" };
  const isProven = facts.get(RETURN_ROUTE);
  if (isProven === true) return { ...fix, state: "ready" };
  return { ...fix, state: isProven === false ? "refused" : "prove-first", test: RETURN_ROUTE_TEST };
}

function warningsOf(leading: readonly Cause[], { facts, causes }: { facts: Facts; causes: readonly CauseAdvice[] }): readonly Warning[] {
  const states = new Set(causes.flatMap(({ fixes }) => fixes.map(({ state }) => state)));
  const isSourceNat = leading.some(({ sourceNat }) => sourceNat);
  const resolvedTo = facts.get("res.equals");
  const warnings: readonly [Warning, boolean][] = [
    ["lost-below-http", leading.length > 0 && leading.every(({ lostAt }) => lostAt === "network")],
    ["no-header-can-be-trusted", isSourceNat && facts.get("edge.reachableFromOutside") !== false],
    ["return-route-missing", states.has("refused")],
    ["prove-return-route", states.has("prove-first")],
    ["forgeable", resolvedTo === "canary" || resolvedTo === "firstOfXff" || facts.get("app.trust") === "wildcard"],
  ];
  return warnings.filter(([, holds]) => holds).map(([warning]) => warning);
}
