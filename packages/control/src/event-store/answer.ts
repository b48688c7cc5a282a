import type { EnvironmentKey } from "../config-store/port.ts";
import { ADDRESS_FORMS, keptText } from "./address-keeper.ts";
import { type Among, compileQuestion, type StatementPart } from "./compile.ts";
import { DIMENSIONS, type Dimension } from "./dimensions.ts";
import { type Group, type Point, type Question, QuestionTooCostly } from "./port.ts";
import type { SqlWriter } from "./sql.ts";

/** Writes a statement and runs it. Rows have values in the order of the statement. */
export type RunStatement = (write: (writer: SqlWriter) => string) => Promise<readonly (readonly unknown[])[]>;

/** What is behind an address in a row. */
export type ReadAddress = (value: unknown) => bigint;

type Asking = { readonly key: EnvironmentKey; readonly question: Question; readonly readAddress: ReadAddress };

type Row = {
  readonly at: number | undefined;
  readonly values: readonly (string | undefined)[];
  readonly events: number;
  readonly measures: Point["measures"];
};

/** Answers a question by one statement, or with dimensions and times by two: which groups there are, and then their points. */
export async function answer(run: RunStatement, { key, question, readAddress }: Asking): Promise<Group[]> {
  const rows = async (part: StatementPart): Promise<Row[]> =>
    (await run((writer) => compileQuestion(writer, key, { question, part }))).map((row) => readRow(row, { question, part, readAddress }));
  const groups = isOneGroup(question) ? [ALL_EVENTS] : (await rows({ kind: "groups" })).filter(({ events }) => events > 0);
  if (question.per === undefined) return groups.map(({ values, measures }) => ({ values, points: [{ at: undefined, measures }] }));
  const isWhole = question.offset === 0 && groups.length < question.limit;
  const points =
    groups.length === 0
      ? []
      : await rows({ kind: "points", among: isWhole ? undefined : amongOf(question, groups), maxRows: question.maxPoints + 1 });
  if (points.length > question.maxPoints) throw new QuestionTooCostly(`More than ${question.maxPoints} points`);
  const byGroup = pointsOf(points);
  return groups.flatMap(({ values }) => {
    const found = byGroup.get(nameOf(values));
    return found === undefined ? [] : [{ values, points: found }];
  });
}

const ALL_EVENTS: Row = { at: undefined, values: [], events: 0, measures: [] };

/** Then its points say whether it is there. */
function isOneGroup({ dimensions, per, offset, limit }: Question): boolean {
  return per !== undefined && dimensions.length === 0 && offset === 0 && limit > 0;
}

/** By the name of the group, in the order of time. */
function pointsOf(rows: readonly Row[]): ReadonlyMap<string, Point[]> {
  const points = new Map<string, Point[]>();
  for (const { at, values, measures } of rows.toSorted((left, right) => Number(left.at) - Number(right.at))) {
    const name = nameOf(values);
    const known = points.get(name);
    if (known === undefined) points.set(name, [{ at, measures }]);
    else known.push({ at, measures });
  }
  return points;
}

function nameOf(values: Row["values"]): string {
  return JSON.stringify(values.map((value) => value ?? null));
}

function amongOf({ dimensions }: Question, groups: readonly Row[]): Among {
  return new Map(
    dimensions.map((dimension, index): [Dimension, (string | undefined)[]] => [
      dimension,
      [...new Set(groups.map(({ values }) => values[index]))],
    ]),
  );
}

type Reading = { readonly question: Question; readonly part: StatementPart; readonly readAddress: ReadAddress };

function readRow(row: readonly unknown[], { question: { dimensions, measures }, part, readAddress }: Reading): Row {
  let next = 0;
  const take = (): unknown => row[next++];
  const at = part.kind === "points" ? Number(take()) : undefined;
  const values = dimensions.map((dimension) => {
    const value = take();
    const form = DIMENSIONS[dimension] === "address" ? ADDRESS_FORMS[Number(take())] : undefined;
    if (value === null || value === undefined) return undefined;
    return form === undefined ? String(value) : keptText({ form, number: readAddress(value) });
  });
  const events = Number(take());
  return { at, values, events, measures: measures.map(() => readMeasure(take())) };
}

/** The mean, the least and the greatest of nothing. */
function readMeasure(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
