import type { EnvironmentKey } from "../config-store/port.ts";
import { ADDRESS_FORMS, keptText } from "./address-keeper.ts";
import { type Among, compileQuestion, type StatementPart } from "./compile.ts";
import { DIMENSIONS, type Dimension, MANY_VALUED } from "./dimensions.ts";
import { groupPoints, nameOf, orderGroups, type Row } from "./group-points.ts";
import { type Group, type Question, QuestionTooCostly } from "./port.ts";
import type { SqlWriter } from "./sql.ts";

/** Writes a statement and runs it. Rows have values in the order of the statement. */
export type RunStatement = (write: (writer: SqlWriter) => string) => Promise<readonly (readonly unknown[])[]>;

/** What is behind an address in a row. */
export type ReadAddress = (value: unknown) => bigint;

type Asking = { readonly key: EnvironmentKey; readonly question: Question; readonly readAddress: ReadAddress };

/**
 * Answers a question by one statement: with units of time by one for all points, of which groups are made and chosen here. When dimensions have many values, or
 * there are too many points, by two: which groups there are, and then their points.
 */
export async function answer(run: RunStatement, { key, question, readAddress }: Asking): Promise<Group[]> {
  const { dimensions, per, order, offset, limit, maxPoints } = question;
  // without dimensions, or in a month of all, there is a row of no events
  const rows = async (part: StatementPart): Promise<Row[]> =>
    (await run((writer) => compileQuestion(writer, key, { question, part })))
      .map((row) => readRow(row, { question, part, readAddress }))
      .filter(({ events }) => events > 0);
  const points = (among: Among | undefined): Promise<Row[]> => rows({ kind: "points", among, maxRows: maxPoints + 1 });
  const hasFewGroups = !dimensions.some((dimension) => MANY_VALUED.has(dimension));
  if (per !== undefined && hasFewGroups) {
    const all = await points(undefined);
    if (all.length <= maxPoints)
      return orderGroups(groupPoints(all, question), order)
        .slice(offset, offset + limit)
        .map(withoutTotals);
  }
  const groups = await rows({ kind: "groups" });
  if (per === undefined) return groups.map(({ values, measures }) => ({ values, points: [{ at: undefined, measures }] }));
  if (groups.length === 0) return [];
  const isWhole = offset === 0 && groups.length < limit;
  const found = isWhole && hasFewGroups ? undefined : await points(isWhole ? undefined : amongOf(question, groups));
  if (found === undefined || found.length > maxPoints) throw new QuestionTooCostly(`More than ${maxPoints} points`);
  const byName = new Map(groupPoints(found, question).map((group) => [nameOf(group), group]));
  return groups.flatMap((group) => byName.get(nameOf(group)) ?? []).map(withoutTotals);
}

function withoutTotals({ values, points }: Group): Group {
  return { values, points };
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
  const totals = measures.map(() => readNumber(take()));
  const weights = measures.map(({ aggregate }) => (part.kind === "points" && aggregate === "avg" ? readNumber(take()) : undefined));
  return { at, values, events, measures: totals, weights };
}

/** `undefined` is the sum, the least and the greatest of nothing. */
function readNumber(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
