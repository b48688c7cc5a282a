/** What can be among others that come and go. */
export type Placed = {
  /** Where it is among them, which they alone set; -1 outside. */
  place: number;
};

/**
 * Things that come and go all the time, in no order.
 *
 * An array in which each knows its place, and no set or map: one that is added to and deleted from all the time is made anew all the time, each copy refers to the
 * next, and once the collector has taken one for old it keeps them all with the things in them.
 */
export class Places<Thing extends Placed> {
  readonly #things: Thing[] = [];

  get size(): number {
    return this.#things.length;
  }

  /** As they are now: one that comes or goes meanwhile changes nothing. */
  [Symbol.iterator](): Iterator<Thing> {
    return [...this.#things].values();
  }

  add(thing: Thing): void {
    thing.place = this.#things.push(thing) - 1;
  }

  /** Says whether it was among them. The last one takes its place. */
  delete(thing: Thing): boolean {
    if (thing.place === -1) return false;
    const last = this.#things.pop();
    if (last !== undefined && last !== thing) {
      this.#things[thing.place] = last;
      last.place = thing.place;
    }
    thing.place = -1;
    return true;
  }
}
