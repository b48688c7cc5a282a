import type { Command } from "commander";
import { valueOption } from "./option-values.ts";

/** Where facts for a diagnosis come from. */
export type FactsFlags = { readonly facts?: readonly string[]; readonly probe?: readonly string[] };

/** Adds the options that give facts. */
export function addFactsOptions(command: Command): Command {
  return command
    .addOption(
      valueOption(
        "--facts <json-or-file>",
        "facts: a JSON file, JSON that starts with {, or - for standard input; repeat it",
        "WHEREFROM_FACTS",
      ).argParser(collect),
    )
    .addOption(
      valueOption("--probe <file>", "the facts of what doctor probe --json wrote; repeat it", "WHEREFROM_DOCTOR_PROBE").argParser(collect),
    );
}

function collect(given: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), given];
}
