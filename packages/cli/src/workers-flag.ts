import { availableParallelism } from "node:os";
import { InvalidArgumentError, type Option } from "commander";
import { valueOption } from "./option-values.ts";

/** The flag of commands that run a gateway. */
export type WorkersFlag = { readonly workers?: number | undefined };

const MAX_WORKERS = 256;
const COUNT = /^[1-9][0-9]{0,2}$/;

/** Makes the option anew for each command. */
export function workersOption(): Option {
  return valueOption(
    "--workers <count>",
    "serve in so many processes, which this one keeps alive; auto: as many as there are processors; default: in this process",
    "WHEREFROM_WORKERS",
  ).argParser(parseWorkers);
}

function parseWorkers(text: string): number {
  if (text === "auto") return Math.min(availableParallelism(), MAX_WORKERS);
  const count = Number(text);
  if (!COUNT.test(text) || count > MAX_WORKERS) throw new InvalidArgumentError(`Expected a number from 1 to ${MAX_WORKERS}, or auto.`);
  return count;
}
