import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { EnvironmentKey } from "../config-store/port.ts";
import type { ActivityQuestion, CountedClients } from "./activity.ts";
import { answer, type RunStatement } from "./answer.ts";
import { countClients } from "./count-clients.ts";
import type { Group, Question } from "./port.ts";
import type { SqlWriter } from "./sql.ts";

/** Answers a question over the events of an environment. */
export function askDuckdb(reader: DuckDBConnection, key: EnvironmentKey, question: Question): Promise<Group[]> {
  return answer(runnerOf(reader), { key, question, readAddress });
}

/** Counts the clients of an environment. */
export function countDuckdbClients(reader: DuckDBConnection, key: EnvironmentKey, question: ActivityQuestion): Promise<CountedClients> {
  return countClients(runnerOf(reader), { key, question, readAddress });
}

function readAddress(value: unknown): bigint {
  return value as bigint;
}

function runnerOf(reader: DuckDBConnection): RunStatement {
  return async (write) => {
    const { writer, values } = duckdbWriter();
    const text = write(writer);
    return (await reader.runAndReadAll(text, values)).getRows();
  };
}

/** Values go beside the statement, as parameters. */
function duckdbWriter(): { readonly writer: SqlWriter; readonly values: DuckDBValue[] } {
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
    clientOf: (column) => `(CASE WHEN ${column} >> 32 = 65535 THEN ${column} ELSE (${column} >> 64) << 64 END)`,
    matches: (text, pattern) => `regexp_full_match(${text}, ${pattern}, 's')`,
    addressOf: (column) => column,
    monthOf: (milliseconds) => `month(make_timestamp(${milliseconds} * 1000))`,
  };
  return { writer, values };
}

/** Those that have events. */
export async function environmentsOf(reader: DuckDBConnection): Promise<EnvironmentKey[]> {
  const rows = (await reader.runAndReadAll("SELECT DISTINCT organization, environment FROM batches")).getRows();
  return rows.map(([organization, environment]) => ({ organization: String(organization), environment: String(environment) }));
}
