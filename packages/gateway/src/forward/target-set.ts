import type { CompiledTargets } from "../route/targets.ts";
import { RetryBudget } from "./retry-budget.ts";
import type { Upstream } from "./upstream.ts";

const NONE: readonly Upstream[] = [];

/** The targets of a route in operation, whose turn it is, and what they may be asked again. */
export class TargetSet {
  readonly budget: RetryBudget = new RetryBudget();
  readonly #upstreams: readonly Upstream[];
  readonly #balancing: CompiledTargets["balancing"];
  #turn = 0;

  constructor(upstreams: readonly Upstream[], balancing: CompiledTargets["balancing"]) {
    this.#upstreams = upstreams;
    this.#balancing = balancing;
  }

  /**
   * The target for a request, or for its retry when some were `tried`. One that was not tried comes before one that was, and then one that is available before one
   * that is ejected. When all are ejected they are all used: that they are away is only a guess, and refusing everybody would make it true.
   */
  choose(nowMs: number, tried: readonly Upstream[] = NONE): Upstream {
    const upstreams = this.#upstreams;
    if (upstreams.length === 1) return upstreams[0] as Upstream;
    const turn = this.#turn;
    this.#turn = turn + 1 < upstreams.length ? turn + 1 : 0;
    let chosen: Upstream | undefined;
    let chosenRank = Number.POSITIVE_INFINITY;
    for (let step = 0; step < upstreams.length; step += 1) {
      const upstream = upstreams[(turn + step) % upstreams.length] as Upstream;
      const rank = (tried.includes(upstream) ? 2 : 0) + (upstream.isAvailable(nowMs) ? 0 : 1);
      if (rank > chosenRank || (rank === chosenRank && !this.#isBetter(upstream, chosen as Upstream))) continue;
      chosen = upstream;
      chosenRank = rank;
      if (rank === 0 && this.#balancing === "round-robin") break;
    }
    return chosen as Upstream;
  }

  /** Among equally busy ones it goes round, so that the first of them does not get all of a quiet hour. */
  #isBetter(upstream: Upstream, chosen: Upstream): boolean {
    return this.#balancing === "least-busy" && upstream.open < chosen.open;
  }
}
