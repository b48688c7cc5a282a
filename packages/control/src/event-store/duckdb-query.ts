import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { EnvironmentKey } from "../config-store/port.ts";
import type { ActivityQuestion, CountedClients } from "./activity.ts";
import { answer, type RunStatement } from "./answer.ts";
import { countClients } from "./count-clients.ts";
import { type Group, type Question, QuestionTooCostly } from "./port.ts";
import type { SqlWriter } from "./sql.ts";

/** Where a question is asked, until the signal aborts. `isAlone`: every event in the database is of the environment that is asked about. */
export type DuckdbReader = { readonly connection: DuckDBConnection; readonly signal: AbortSignal; readonly isAlone: boolean };

/** Answers a question over the events of an environment. */
export function askDuckdb(reader: DuckdbReader, key: EnvironmentKey, question: Question): Promise<Group[]> {
  return answer(runnerOf(reader), { key, question, readAddress });
}

/** Counts the clients of an environment. */
export function countDuckdbClients(reader: DuckdbReader, key: EnvironmentKey, question: ActivityQuestion): Promise<CountedClients> {
  return countClients(runnerOf(reader), { key, question, readAddress });
}

/** Errors: `QuestionTooCostly` when the question is over, and nobody waits for the rest. */
export function requireWanted(signal: AbortSignal): void {
  if (signal.aborted) throw new QuestionTooCostly("The question took too long");
}

function readAddress(value: unknown): bigint {
  return value as bigint;
}

function runnerOf({ connection, signal, isAlone }: DuckdbReader): RunStatement {
  return async (write) => {
    // between two statements there is nothing to interrupt
    requireWanted(signal);
    const { writer, values } = duckdbWriter(isAlone);
    const text = write(writer);
    return (await connection.runAndReadAll(text, values)).getRows();
  };
}

/** Values go beside the statement, as parameters. */
function duckdbWriter(isAlone: boolean): { readonly writer: SqlWriter; readonly values: DuckDBValue[] } {
  const values: DuckDBValue[] = [];
  const add = (value: DuckDBValue): string => {
    values.push(value);
    return `$${values.length}`;
  };
  const writer: SqlWriter = {
    value(given) {
      // a parameter has no type for so large a number
      if (given.type === "address") return `CAST(${add(String(given.value))} AS UHUGEINT)`;
      return add(given.value);
    },
    // to compare two texts for each event is a third of what most questions cost
    ofEnvironment: ({ organization, environment }) =>
      isAlone ? [] : [`organization = ${add(organization)}`, `environment = ${add(environment)}`],
    clientOf: (column) => `(CASE WHEN ${column} >> 32 = 65535 THEN ${column} ELSE (${column} >> 64) << 64 END)`,
    matches: (text, pattern) => `regexp_full_match(${text}, ${pattern}, 's')`,
    addressOf: (column) => column,
    monthOf: (milliseconds) => `month(make_timestamp(${milliseconds} * 1000))`,
  };
  return { writer, values };
}

/** Those that have events. */
export function environmentsOf(reader: DuckDBConnection): Promise<EnvironmentKey[]> {
  return environmentsIn(reader, "batches");
}

/** All that any event is of, also where nothing is known of its batch any more. Looks through the whole table. */
export function environmentsOfEvents(reader: DuckDBConnection): Promise<EnvironmentKey[]> {
  return environmentsIn(reader, "events");
}

async function environmentsIn(reader: DuckDBConnection, table: "batches" | "events"): Promise<EnvironmentKey[]> {
  const rows = (await reader.runAndReadAll(`SELECT DISTINCT organization, environment FROM ${table}`)).getRows();
  return rows.map(([organization, environment]) => ({ organization: String(organization), environment: String(environment) }));
}
