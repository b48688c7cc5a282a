import type { CompiledRoute } from "../route/route-table.ts";
import type { CompiledTarget, CompiledTargets } from "../route/targets.ts";
import { TargetSet } from "./target-set.ts";
import { type TargetState, Upstream, type UpstreamContext } from "./upstream.ts";

/** All targets in operation. It owns them: one that no snapshot names any more is closed when its last request is done. */
export class Upstreams {
  readonly #context: UpstreamContext;
  readonly #upstreams = new Map<string, Upstream>();
  readonly #sets = new Map<string, TargetSet>();
  /** Upstreams on their way out. */
  readonly #closing = new Set<Upstream>();

  constructor(context: UpstreamContext) {
    this.#context = context;
  }

  /** The targets of a route in operation. */
  of({ key, balancing, list }: CompiledTargets): TargetSet {
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const set = new TargetSet(
      list.map((target) => this.#upstream(target)),
      balancing,
    );
    this.#sets.set(key, set);
    return set;
  }

  /** Goes on with the targets of these routes, whose connections and health stay as they are, and lets go of every other. Requests in flight finish first. */
  keepOnly(routes: readonly CompiledRoute[]): void {
    const sets = new Set(routes.map(({ targets }) => targets.key));
    for (const key of this.#sets.keys()) if (!sets.has(key)) this.#sets.delete(key);
    const upstreams = new Set(routes.flatMap(({ targets }) => targets.list.map(({ key }) => key)));
    for (const [key, upstream] of this.#upstreams) {
      if (upstreams.has(key)) continue;
      this.#upstreams.delete(key);
      this.#retire(upstream);
    }
    for (const { targets } of routes) this.of(targets);
  }

  /** Every target of the snapshot in use, also one that nothing was sent to yet. */
  states(): readonly TargetState[] {
    return [...this.#upstreams.values()].map((upstream) => upstream.state());
  }

  /** Cuts every connection. */
  async destroy(): Promise<void> {
    const all = [...this.#upstreams.values(), ...this.#closing];
    this.#upstreams.clear();
    this.#sets.clear();
    await Promise.all(all.map((upstream) => upstream.destroy()));
  }

  #upstream(target: CompiledTarget): Upstream {
    const known = this.#upstreams.get(target.key);
    if (known !== undefined) return known;
    const upstream = new Upstream(target, this.#context);
    this.#upstreams.set(target.key, upstream);
    return upstream;
  }

  #retire(upstream: Upstream): void {
    this.#closing.add(upstream);
    const forget = (): void => void this.#closing.delete(upstream);
    upstream.close().then(forget, forget);
  }
}
