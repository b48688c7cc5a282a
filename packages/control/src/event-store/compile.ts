import type { EnvironmentKey } from "../config-store/port.ts";
import { ADDRESS_FORMS, type KeptAddress, parseKeptAddress } from "./address-keeper.ts";
import { bucketSql } from "./buckets.ts";
import { DIMENSIONS, type Dimension, METRICS, type Measure } from "./dimensions.ts";
import type { Filter } from "./filter.ts";
import type { Question } from "./port.ts";
import type { SqlWriter } from "./sql.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** 1970 began on a Thursday. */
const MONDAY_MS = 3 * DAY_MS;

/** Each event stands for so many exchanges. */
export const WEIGHT = "coalesce(1 / sample_rate, 1)";

/** Values of dimensions that groups have to be among, for a second statement about the groups that a first one found. */
export type Among = ReadonlyMap<Dimension, readonly (string | undefined)[]>;

export type StatementPart =
  | { readonly kind: "groups" }
  /** By time, of the groups among these; `undefined`: of all. */
  | { readonly kind: "points"; readonly among: Among | undefined; readonly maxRows: number };

/**
 * The statement for a question. Names and functions come from tables in code; everything else is a value.
 *
 * Shape: a row has the start of its time when the part is `points`; for each dimension its value, and behind that of an address its form; the number of
 * its events; its measures. Points are in the order of their values and times, and their means are in two halves, as these add up to those of the group: the
 * sum in the place of the measure, and for each mean its weight behind all measures.
 */
export function compileQuestion(
  writer: SqlWriter,
  key: EnvironmentKey,
  { question, part }: { readonly question: Question; readonly part: StatementPart },
): string {
  const { dimensions, measures, per } = question;
  const isPoints = part.kind === "points";
  const time = isPoints && per !== undefined ? [{ sql: bucketSql(writer, question, per), name: "t" }] : [];
  const values = dimensions.flatMap((dimension, index) => groupingSql(writer, dimension, index));
  const groups = [...values, ...time].map(({ name }) => name);
  const means = isPoints ? measures.filter(({ aggregate }) => aggregate === "avg") : [];
  const selected = [
    ...[...time, ...values].map(({ sql, name }) => `${sql} AS ${name}`),
    "count(*) AS n",
    ...measures.map((measure, index) => `${means.includes(measure) ? sumSql(measure) : measureSql(measure)} AS m${index}`),
    ...means.map(weightSql),
  ];
  const conditions = [
    ...rangeSql(writer, key, question),
    ...(question.filter === undefined ? [] : [filterSql(writer, question.filter)]),
    ...(isPoints && part.among !== undefined ? amongSql(writer, part.among) : []),
  ];
  return [
    `SELECT ${selected.join(", ")} FROM events WHERE ${conditions.join(" AND ")}`,
    ...(groups.length === 0 ? [] : [`GROUP BY ${groups.join(", ")}`]),
    ...orderSql(isPoints ? [] : question.order, groups),
    isPoints ? `LIMIT ${wholeNumber(part.maxRows)}` : `LIMIT ${wholeNumber(question.limit)} OFFSET ${wholeNumber(question.offset)}`,
  ].join(" ");
}

type Selected = { readonly sql: string; readonly name: string };

function groupingSql(writer: SqlWriter, dimension: Dimension, index: number): Selected[] {
  if (DIMENSIONS[dimension] !== "address") return [{ sql: dimensionSql(writer, dimension), name: `d${index}` }];
  return [
    { sql: writer.addressOf(dimension), name: `d${index}` },
    { sql: `CASE WHEN ${dimension} IS NULL THEN 0 ELSE address_form END`, name: `f${index}` },
  ];
}

/** Events of an environment, within a time. */
export function rangeSql(
  writer: SqlWriter,
  key: EnvironmentKey,
  { from, until }: { readonly from: number; readonly until: number },
): string[] {
  return [
    ...writer.ofEnvironment(key),
    `time >= ${writer.value({ type: "number", value: from })}`,
    `time < ${writer.value({ type: "number", value: until })}`,
  ];
}

/** Behind the wanted order the values themselves, so that the same question has the same answer and pages fit together. */
function orderSql(order: Question["order"], groups: readonly string[]): string[] {
  const wanted = order.map(({ measure, isDescending }) => `m${wholeNumber(measure)} ${isDescending ? "DESC" : "ASC"} NULLS LAST`);
  const by = [...wanted, ...groups.map((group) => `${group} ASC NULLS LAST`)];
  return by.length === 0 ? [] : [`ORDER BY ${by.join(", ")}`];
}

function dimensionSql(writer: SqlWriter, dimension: Dimension): string {
  if (dimension === "hour_of_day") return `((time % ${DAY_MS} - time % ${HOUR_MS}) / ${HOUR_MS})`;
  if (dimension === "day_of_week") return `(((time + ${MONDAY_MS}) % ${7 * DAY_MS} - time % ${DAY_MS}) / ${DAY_MS})`;
  if (dimension === "month_of_year") return writer.monthOf("time");
  return dimension;
}

function measureSql(measure: Measure): string {
  const { metric, aggregate } = measure;
  const number = METRICS[metric];
  switch (aggregate) {
    case "min":
    case "max":
      return `${aggregate}(${number})`;
    case "sum":
      // the same, and the numbers that databases count with
      if (metric === "messages") return "(count(*) + coalesce(sum(1 / sample_rate - 1), 0))";
      // of nothing it is 0, also for the order
      return `coalesce(${sumSql(measure)}, 0)`;
    case "avg":
      return `${sumSql(measure)} / nullif(${weightSql(measure)}, 0)`;
  }
}

function sumSql({ metric }: Measure): string {
  return `sum(${METRICS[metric]} * ${WEIGHT})`;
}

/** Of the exchanges that have such a number. */
function weightSql({ metric }: Measure): string {
  return `sum(CASE WHEN ${METRICS[metric]} IS NULL THEN 0 ELSE ${WEIGHT} END)`;
}

function filterSql(writer: SqlWriter, filter: Filter): string {
  switch (filter.kind) {
    case "and":
    case "or":
      return `(${filter.of.map((one) => filterSql(writer, one)).join(` ${filter.kind.toUpperCase()} `)})`;
    case "not":
      return `NOT ${filterSql(writer, filter.of)}`;
    case "absent":
      return `(${dimensionSql(writer, filter.dimension)} IS NULL)`;
    case "in":
      return inSql(writer, filter.dimension, filter.values);
    case "compare": {
      const { dimension, operator, value } = filter;
      return present(writer, dimension, (expression) => `${expression} ${operator} ${valueSql(writer, dimension, value)}`);
    }
    case "matches":
      return present(writer, filter.dimension, (expression) =>
        writer.matches(expression, writer.value({ type: "text", value: filter.pattern })),
      );
  }
}

/** Never NULL, so that NOT makes the opposite of it. ClickHouse 18 takes even `0 AND NULL` for NULL. */
function present(writer: SqlWriter, dimension: Dimension, condition: (expression: string) => string): string {
  return `coalesce(${condition(dimensionSql(writer, dimension))}, 1 = 0)`;
}

function inSql(writer: SqlWriter, dimension: Dimension, values: readonly string[]): string {
  if (DIMENSIONS[dimension] === "address") return addressSql(writer, dimension, values.map(keptAddress));
  const list = values.map((value) => valueSql(writer, dimension, value)).join(", ");
  return present(writer, dimension, (expression) => `${expression} IN (${list})`);
}

function addressSql(writer: SqlWriter, dimension: Dimension, addresses: readonly KeptAddress[]): string {
  const conditions = ADDRESS_FORMS.flatMap((form, index) => {
    const numbers = addresses
      .filter((address) => address.form === form)
      .map(({ number }) => writer.value({ type: "address", value: number }));
    return numbers.length === 0 ? [] : [`(address_form = ${index} AND ${dimension} IN (${numbers.join(", ")}))`];
  });
  return `coalesce(${conditions.join(" OR ")}, 1 = 0)`;
}

/** Groups may come that are among the values of each dimension and were not found together: whoever asks drops them. */
function amongSql(writer: SqlWriter, among: Among): string[] {
  return [...among].map(([dimension, values]) => {
    const set = values.filter((value) => value !== undefined);
    const isAbsent = `(${dimensionSql(writer, dimension)} IS NULL)`;
    if (set.length === 0) return isAbsent;
    const isIn = inSql(writer, dimension, set);
    return set.length === values.length ? isIn : `(${isIn} OR ${isAbsent})`;
  });
}

function valueSql(writer: SqlWriter, dimension: Dimension, value: string): string {
  return DIMENSIONS[dimension] === "number"
    ? writer.value({ type: "number", value: Number(value) })
    : writer.value({ type: "text", value });
}

function keptAddress(text: string): KeptAddress {
  const address = parseKeptAddress(text);
  if (address === undefined) throw new Error(`Not an address in a question: ${JSON.stringify(text)}`);
  return address;
}

/** A number that stands in the text of a statement. */
export function wholeNumber(number: number): number {
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`Not a whole number: ${number}`);
  return number;
}
