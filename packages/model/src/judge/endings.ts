/** Two clocks, in milliseconds. `wall`: since 1970; somebody may put it back or forward. `steady`: from any moment on; it only goes forward. */
export type Clocks = { readonly wall: () => number; readonly steady: () => number };

/** Something that holds until a time of the wall clock. `key` is its own, and another one when that time is changed. */
export type Ending = { readonly key: string; readonly endsAtMs: number };

type Standing = { readonly steadyEndMs: number; isOver: boolean };

/**
 * Says what is over. By the wall clock, because the end is a time of that one; and by the steady clock from the moment when the end was first heard of here. So a wall clock that is
 * put back makes nothing hold longer, and what was found to be over stays over.
 *
 * It belongs to one process: another one, or this one after a restart, hears of all ends anew.
 */
export class Endings {
  readonly #clocks: Clocks;
  readonly #maxKnown: number;
  #known = new Map<string, Standing>();

  /** Past `maxKnown` the end that was first heard of longest ago goes, and is heard of anew when it is asked for. */
  constructor(clocks: Clocks, { maxKnown = Number.POSITIVE_INFINITY }: { readonly maxKnown?: number } = {}) {
    this.#clocks = clocks;
    this.#maxKnown = maxKnown;
  }

  isOver(ending: Ending): boolean {
    const standing = this.#known.get(ending.key) ?? this.#hear(ending);
    if (standing.isOver) return true;
    const { wall, steady } = this.#clocks;
    standing.isOver = wall() >= ending.endsAtMs || steady() >= standing.steadyEndMs;
    return standing.isOver;
  }

  /** Hears of all of these, and forgets every other. */
  keepOnly(endings: readonly Ending[]): void {
    this.#known = new Map(endings.map((ending) => [ending.key, this.#known.get(ending.key) ?? this.#standingOf(ending)]));
  }

  #hear(ending: Ending): Standing {
    const standing = this.#standingOf(ending);
    this.#known.set(ending.key, standing);
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.#maxKnown && oldest !== undefined) this.#known.delete(oldest);
    return standing;
  }

  #standingOf({ endsAtMs }: Ending): Standing {
    const { wall, steady } = this.#clocks;
    return { steadyEndMs: steady() + endsAtMs - wall(), isOver: false };
  }
}
