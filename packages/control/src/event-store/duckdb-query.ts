import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { EnvironmentKey } from "../config-store/port.ts";
import { answer } from "./answer.ts";
import type { Group, Question } from "./port.ts";
import type { SqlWriter } from "./sql.ts";

/** Answers a question over the events of an environment. */
export function askDuckdb(reader: DuckDBConnection, key: EnvironmentKey, question: Question): Promise<Group[]> {
  const run = async (write: (writer: SqlWriter) => string): Promise<unknown[][]> => {
    const { writer, values } = duckdbWriter();
    const text = write(writer);
    return (await reader.runAndReadAll(text, values)).getRows();
  };
  return answer(run, { key, question, readAddress: (value) => value as bigint });
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
    matches: (text, pattern) => `regexp_full_match(${text}, ${pattern}, 's')`,
    monthOf: (milliseconds) => `month(make_timestamp(${milliseconds} * 1000))`,
  };
  return { writer, values };
}

/** Those that have events. */
export async function environmentsOf(reader: DuckDBConnection): Promise<EnvironmentKey[]> {
  const rows = (await reader.runAndReadAll("SELECT DISTINCT organization, environment FROM batches")).getRows();
  return rows.map(([organization, environment]) => ({ organization: String(organization), environment: String(environment) }));
}
