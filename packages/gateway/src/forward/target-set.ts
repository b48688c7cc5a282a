import type { CompiledTargets } from "../route/targets.ts";
import type { Upstream } from "./upstream.ts";

/** The targets of a route in operation, and whose turn it is. */
export class TargetSet {
  readonly upstreams: readonly Upstream[];
  readonly #balancing: CompiledTargets["balancing"];
  #turn = 0;

  constructor(upstreams: readonly Upstream[], balancing: CompiledTargets["balancing"]) {
    this.upstreams = upstreams;
    this.#balancing = balancing;
  }

  /** The target for the next request. Among equally busy ones it goes round, so that the first of them does not get all of a quiet hour. */
  choose(): Upstream {
    const { upstreams } = this;
    const turn = this.#turn;
    this.#turn = turn + 1 < upstreams.length ? turn + 1 : 0;
    let chosen = upstreams[turn] as Upstream;
    if (this.#balancing === "round-robin") return chosen;
    for (let step = 1; step < upstreams.length; step += 1) {
      const next = upstreams[(turn + step) % upstreams.length] as Upstream;
      if (next.open < chosen.open) chosen = next;
    }
    return chosen;
  }
}
