import { parseArgs } from "node:util";
import { OURS } from "./report.ts";

/** What a benchmark was asked for. */
export type BenchOptions = {
  /** Shows that it runs, not how fast. */
  readonly quick: boolean;
  /** As many as the benchmark has by itself unless told otherwise. */
  readonly rounds: number | undefined;
  /** Events, or requests. As many as the benchmark has by itself unless told otherwise. */
  readonly count: number | undefined;
  /** Subjects beside ours; all when empty. */
  readonly only: readonly string[];
  /** All when empty. */
  readonly cases: readonly string[];
};

/** What was asked for does not exist. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What the command line says. Errors: `UsageError`. */
export type Command = { readonly bench: string; readonly json: boolean; readonly help: boolean; readonly options: BenchOptions };

/** Reads the command line. Errors: `UsageError` for anything but one name and known options. */
export function parseCommand(words: readonly string[]): Command {
  const { values, positionals } = parse(words);
  const [bench = "", ...more] = positionals;
  if (more.length > 0) throw new UsageError(`Expected one benchmark, received ${positionals.length}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) throw new UsageError("--rounds: expected a whole number above 0");
  const count = values.count === undefined ? undefined : parseCount(values.count);
  const options = { quick: values.quick === true, rounds, count, only: listOf(values.only), cases: listOf(values.case) };
  return { bench, json: values.json === true, help: values.help === true, options };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        json: { type: "boolean" },
        quick: { type: "boolean" },
        rounds: { type: "string" },
        count: { type: "string" },
        only: { type: "string" },
        case: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** `5000`, `10k`, `1M`. Errors: `UsageError`. */
function parseCount(text: string): number {
  const { digits = "", unit = "" } = /^(?<digits>[1-9][0-9]{0,8})(?<unit>[kM]?)$/.exec(text)?.groups ?? {};
  if (digits === "") throw new UsageError("--count: expected a number such as 5000, 10k or 1M");
  return Number(digits) * ({ k: 1_000, M: 1_000_000 }[unit] ?? 1);
}

function listOf(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(",").map((name) => name.trim());
}

/** Takes those of a list that were asked for by name, and ours; all when none was. Errors: `UsageError` for a name that is not there. */
export function pick<Named extends { readonly name: string }>(all: readonly Named[], names: readonly string[]): readonly Named[] {
  for (const name of names) {
    if (!all.some((one) => one.name === name)) throw new UsageError(`No ${name} here: there are ${all.map((one) => one.name).join(", ")}`);
  }
  return names.length === 0 ? all : all.filter((one) => one.name === OURS || names.includes(one.name));
}
