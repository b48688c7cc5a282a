import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { EnvironmentKey } from "../config-store/port.ts";
import { COLUMNS, METRICS } from "./columns.ts";
import type { Group, Question } from "./port.ts";
import { type Sql, SqlValues } from "./sql.ts";
import { textOfAddress } from "./stored-address.ts";

const ADDRESSES: ReadonlySet<string> = new Set(COLUMNS.filter(({ type }) => type === "address").map(({ name }) => name));

/** Answers a question over the events of an environment. */
export async function askDuckdb(reader: DuckDBConnection, key: EnvironmentKey, question: Question): Promise<Group[]> {
  const { text, values } = compile(key, question);
  const rows = (await reader.runAndReadAll(text, [...values])).getRows();
  return rows.map((row) => ({
    values: question.dimensions.map((dimension, index) => textOf(row[index], { isAddress: ADDRESSES.has(dimension) })),
    measures: row.slice(question.dimensions.length).map((value) => (value === null ? undefined : Number(value))),
  }));
}

/** The statement for a question. Names and functions come from tables in code; everything else is a value. */
function compile({ organization, environment }: EnvironmentKey, { from, until, dimensions, measures }: Question): Sql {
  const values = new SqlValues();
  const selected = [...dimensions, ...measures.map(({ metric, aggregate }) => `${aggregate}(${METRICS[metric]})`)];
  const conditions = [
    `organization = ${values.add(organization)}`,
    `environment = ${values.add(environment)}`,
    `time >= ${values.add(from)}`,
    `time < ${values.add(until)}`,
  ];
  const grouping = dimensions.length === 0 ? "" : ` GROUP BY ${dimensions.join(", ")}`;
  return { text: `SELECT ${selected.join(", ")} FROM events WHERE ${conditions.join(" AND ")}${grouping}`, values: values.all };
}

function textOf(value: DuckDBValue | undefined, { isAddress }: { readonly isAddress: boolean }): string | undefined {
  if (value === null || value === undefined) return undefined;
  return isAddress ? textOfAddress(value as bigint) : String(value);
}

/** Those that have events. */
export async function environmentsOf(reader: DuckDBConnection): Promise<EnvironmentKey[]> {
  const rows = (await reader.runAndReadAll("SELECT DISTINCT organization, environment FROM batches")).getRows();
  return rows.map(([organization, environment]) => ({ organization: String(organization), environment: String(environment) }));
}
