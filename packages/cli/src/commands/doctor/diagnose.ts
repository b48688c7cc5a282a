import { advise, type Catalogue, diagnose, type FactIssue, type Facts, joinFacts, parseFacts, readCatalogue } from "@wherefrom/diagnosis";
import { diagnosisDocument } from "@wherefrom/doctor";
import type { Command } from "commander";
import { exitCodes } from "../../errors.ts";
import { readFactsJson } from "../../facts-text.ts";
import { valueOption } from "../../option-values.ts";
import { printReport, type ReportOptions, withReportOptions } from "./report-options.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

const EXAMPLES = `
Examples:
  $ wherefrom doctor diagnose --facts facts.json
  $ wherefrom doctor diagnose --facts server.json --facts client.json --json
  $ wherefrom doctor diagnose --facts '{"res.equals": "canary", "app.trust": "wildcard"}' --language ja
  $ wherefrom doctor diagnose --facts facts.json --format html > report.html

Facts are one JSON object, signal to value, such as {"peer.isDefaultGateway": true}; a signal that is left out or null is not known.

Exit codes: 0 ranked, also when it is undecided; 2 usage, or facts that are none; 3 could not run.`;

type DiagnoseOptions = ReportOptions & { readonly facts: readonly string[] };

/** Adds `wherefrom doctor diagnose`: facts in, ranked causes out. It looks at nothing by itself. */
export function addDiagnoseCommand(doctor: Command, exit: (code: number) => void): void {
  withReportOptions(doctor.command("diagnose"))
    .description("Rank the causes of a wrong address by what is known")
    .addOption(
      valueOption(
        "--facts <json-or-file>",
        "facts: a JSON file, JSON that starts with {, or - for standard input; repeat it",
        "WHEREFROM_FACTS",
      )
        .argParser((given: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), given])
        .makeOptionMandatory(),
    )
    .addHelpText("after", EXAMPLES)
    .action(async (options: DiagnoseOptions) => {
      const catalogue = readCatalogue();
      const read = await readFacts(options.facts, catalogue);
      if (read.kind === "refused") {
        process.stderr.write(`${read.lines.join("\n")}\n`);
        return exit(exitCodes.usage);
      }
      const diagnosis = diagnose(catalogue, read.facts);
      const advice = advise(catalogue, { facts: read.facts, diagnosis });
      const { causes, undecided, nextTest } = diagnosis;
      await printReport(
        {
          json: { version: JSON_VERSION, causes, undecided, nextTest, advice },
          document: (language) => diagnosisDocument({ diagnosis, advice }, language),
        },
        options,
      );
    });
}

type Read = { readonly kind: "facts"; readonly facts: Facts } | { readonly kind: "refused"; readonly lines: readonly string[] };

/** Reads every source before it complains, so that all faults of all of them are told at once. */
async function readFacts(sources: readonly string[], catalogue: Catalogue): Promise<Read> {
  const parts: Facts[] = [];
  const lines: string[] = [];
  for (const source of sources) {
    const { json, where } = await readFactsJson(source);
    const reading = parseFacts(json, catalogue);
    if (reading.kind === "facts") parts.push(reading.facts);
    else lines.push(...faultLines(where, reading.issues));
  }
  if (lines.length > 0) return { kind: "refused", lines };
  const joined = joinFacts(parts);
  return joined.kind === "facts" ? joined : { kind: "refused", lines: faultLines("--facts", joined.issues) };
}

function faultLines(where: string, issues: readonly FactIssue[]): readonly string[] {
  const count = issues.length === 1 ? "one fault" : `${issues.length} faults`;
  return [`${where}: The facts have ${count}`, ...issues.map(({ message }) => `  ${message}`)];
}
