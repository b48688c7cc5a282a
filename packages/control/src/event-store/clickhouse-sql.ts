import type { EnvironmentKey } from "../config-store/port.ts";
import type { SqlWriter } from "./sql.ts";

const MAPPED_DIGITS = `${"0".repeat(20)}FFFF`;
const HOST_DIGITS = 16;

/** Values stand in the statement as hexadecimal digits, as old servers know no parameters: nothing in them can end a text. */
export const CLICKHOUSE_WRITER: SqlWriter = {
  value(given) {
    switch (given.type) {
      case "text":
        return textSql(given.value);
      case "number":
        return numberSql(given.value);
      case "address":
        return `toFixedString(unhex('${given.value.toString(16).padStart(32, "0")}'), 16)`;
    }
  },
  ofEnvironment: (key) => [placeSql(key)],
  clientOf: (column) =>
    `(CASE WHEN substring(hex(${column}), 1, ${MAPPED_DIGITS.length}) = '${MAPPED_DIGITS}' THEN hex(${column}) ELSE concat(substring(hex(${column}), 1, ${32 - HOST_DIGITS}), '${"0".repeat(HOST_DIGITS)}') END)`,
  matches: (expression, pattern) => `match(${expression}, concat('^(?s:', ${pattern}, ')$'))`,
  monthOf: (milliseconds) => `toMonth(toDateTime(intDiv(${milliseconds}, 1000), 'UTC'))`,
  addressOf: (column) => `hex(${column})`,
};

/** What stands for the text. */
export function textSql(value: string): string {
  return `unhex('${Buffer.from(value).toString("hex")}')`;
}

/** What stands for the number. */
export function numberSql(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`Not a number in a question: ${value}`);
  // the rest of a division by a small number would be as small, and with a sign: 59999 would come out as -5537
  return Number.isSafeInteger(value) ? `toInt64(${value})` : String(value);
}

/** Whether a row is of the environment. */
export function placeSql({ organization, environment }: EnvironmentKey): string {
  return `organization = ${textSql(organization)} AND environment = ${textSql(environment)}`;
}

/** What `hex` answers of an address, as a number. */
export function readHex(digits: unknown): bigint {
  return BigInt(`0x${digits}`);
}
