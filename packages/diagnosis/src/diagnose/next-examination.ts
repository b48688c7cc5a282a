import { type Catalogue, type Cause, type Clue, type Cost, type FactValue, holds, type Signal } from "../causes/cause.ts";
import type { Facts } from "../facts/facts.ts";

/** A cause that could be the right one. */
type Contender = { readonly cause: Cause; readonly score: number };

/** What is known, and the cause that leads. */
type Lead = { readonly facts: Facts; readonly leader: Contender };

/** What an examination costs beside the others. Looking is cheap, being root on somebody's router is not. */
const PRICES: Readonly<Record<Cost, number>> = { passive: 1, low: 2, probe: 3, config: 4, helper: 6 };

/** What can be learned without sending anything to anybody and without reading anybody's configuration. */
const CHEAP: ReadonlySet<Cost> = new Set<Cost>(["passive", "low"]);

/** Whether a single signal that is cheap to learn could put the rival first. */
export function couldOvertake({ signals }: Catalogue, { facts, leader, rival }: Lead & { readonly rival: Contender }): boolean {
  return [...signals.values()].some(
    (signal) =>
      !facts.has(signal.name) &&
      CHEAP.has(signal.cost) &&
      valuesToTry(signal, [leader.cause, rival.cause]).some(
        (value) => rival.score + shift(rival.cause, { signal, value }) > leader.score + shift(leader.cause, { signal, value }),
      ),
  );
}

/**
 * Chooses the examination that tells most for its price between the leader and the first rival; where none tells anything between them, between the leader
 * and the next. Gives `null` when nothing is left that could, or nobody to tell apart.
 */
export function chooseExamination(
  catalogue: Catalogue,
  { facts, leader, rivals }: Lead & { readonly rivals: readonly Contender[] },
): string | null {
  for (const rival of rivals) {
    const chosen = bestBetween(catalogue, { facts, pair: [leader.cause, rival.cause] });
    if (chosen !== undefined) return chosen;
  }
  return null;
}

type Pair = readonly [Cause, Cause];

function bestBetween({ signals, examinations }: Catalogue, { facts, pair }: { facts: Facts; pair: Pair }): string | undefined {
  let best: { id: string; worth: number } | undefined;
  for (const { id, cost, reveals } of examinations.values()) {
    const spread = Math.max(
      ...reveals.map((name) => {
        const signal = signals.get(name);
        return signal === undefined || facts.has(name) ? 0 : spreadOf(signal, pair);
      }),
    );
    const worth = spread / PRICES[cost];
    if (worth > (best?.worth ?? 0)) best = { id, worth };
  }
  return best?.id;
}

/** How far apart the signal's possible values can drive the two causes. */
function spreadOf(signal: Signal, [first, second]: Pair): number {
  const shifts = valuesToTry(signal, [first, second]).map((value) => shift(first, { signal, value }) - shift(second, { signal, value }));
  return shifts.length === 0 ? 0 : Math.max(...shifts) - Math.min(...shifts);
}

/** How much a value of a signal would change a cause's score. */
function shift(cause: Cause, { signal, value }: { signal: Signal; value: FactValue }): number {
  const sum = (clues: readonly Clue[]): number =>
    clues.reduce((total, clue) => (clue.signal === signal.name && holds(clue.condition, value) ? total + clue.weight : total), 0);
  return sum(cause.for) - sum(cause.against);
}

/** Values that between them meet every condition which these causes put on the signal, and one that meets none where there is one. */
function valuesToTry(signal: Signal, causes: Pair): readonly FactValue[] {
  switch (signal.type) {
    case "boolean":
      return [true, false];
    case "enum":
      return signal.values;
    case "set":
      return [[], ...signal.values.map((value) => [value])];
    case "integer":
    case "number": {
      const clues = causes.flatMap((cause) => [...cause.for, ...cause.against]).filter((clue) => clue.signal === signal.name);
      const bounds = clues.map(({ condition }) => condition.value).filter((value) => typeof value === "number");
      return [...new Set(bounds.flatMap((bound) => [0, bound / 2, bound, bound + 1]))];
    }
  }
}
