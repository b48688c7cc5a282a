import type { Measure } from "./dimensions.ts";
import type { Group, Point, Question } from "./port.ts";

/** A row of an answer: what all events with the same values, or those of them in the same unit of time, come to. */
export type Row = {
  readonly at: number | undefined;
  readonly values: Group["values"];
  readonly events: number;
  /** Of points, the sum in place of a mean. */
  readonly measures: Point["measures"];
  /** Of points, what the sum of each mean is to be divided by. */
  readonly weights: readonly (number | undefined)[];
};

/** Groups of points, which come in the order of their values and times; and the groups in that order. */
export function groupPoints(points: readonly Row[], { measures }: Question): (Group & { readonly totals: Point["measures"] })[] {
  const groups: [Row, ...Row[]][] = [];
  let last: string | undefined;
  for (const point of points) {
    const name = nameOf(point);
    if (name === last) groups.at(-1)?.push(point);
    else groups.push([point]);
    last = name;
  }
  const over = (rows: readonly Row[]): Point["measures"] => measures.map((measure, index) => measureOver(rows, measure, index));
  return groups.map((rows) => ({
    values: rows[0].values,
    points: rows.map((row) => ({ at: row.at, measures: over([row]) })),
    totals: over(rows),
  }));
}

/** Tells groups apart. */
export function nameOf({ values }: Pick<Group, "values">): string {
  return JSON.stringify(values.map((value) => value ?? null));
}

function measureOver(rows: readonly Row[], { aggregate }: Measure, index: number): number | undefined {
  const numbers = rows.flatMap(({ measures }) => measures[index] ?? []);
  if (aggregate === "sum") return sumOf(numbers);
  if (numbers.length === 0) return undefined;
  if (aggregate === "avg") return sumOf(numbers) / sumOf(rows.map(({ weights }) => weights[index] ?? 0));
  return numbers.reduce((one, other) => Math[aggregate](one, other));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** Groups by their totals; those with the same stay in their order, and what has no measure comes last. */
export function orderGroups<Ordered extends { readonly totals: Point["measures"] }>(
  groups: readonly Ordered[],
  order: Question["order"],
): Ordered[] {
  return groups.toSorted((left, right) => {
    for (const { measure, isDescending } of order) {
      const [one, other] = [left.totals[measure], right.totals[measure]];
      if (one === other) continue;
      if (one === undefined || other === undefined) return one === undefined ? 1 : -1;
      return isDescending ? other - one : one - other;
    }
    return 0;
  });
}
