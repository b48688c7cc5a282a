import type { LogUnit } from "./scan-plan.ts";

/** Units that several threads take, one after another. Plain data: it travels between threads, and `shared` is the same memory for all. */
export type UnitQueue = { readonly units: readonly LogUnit[]; readonly shared: Int32Array };

/** Places in `shared`: the number of the next unit that nobody has taken, and whether to stop. */
const NEXT_UNIT = 0;
const STOPPED = 1;

export function createUnitQueue(units: readonly LogUnit[]): UnitQueue {
  return { units, shared: new Int32Array(new SharedArrayBuffer(8)) };
}

/** The next unit that nobody has taken; `undefined` when there is none. */
export function takeUnit({ units, shared }: UnitQueue): LogUnit | undefined {
  return units[Atomics.add(shared, NEXT_UNIT, 1)];
}

/** Tells all threads to stop where they are. */
export function stopQueue({ shared }: UnitQueue): void {
  Atomics.store(shared, STOPPED, 1);
}

export function isStopped({ shared }: UnitQueue): boolean {
  return Atomics.load(shared, STOPPED) === 1;
}
