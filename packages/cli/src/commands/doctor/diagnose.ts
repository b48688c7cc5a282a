import { advise, diagnose, readCatalogue } from "@wherefrom/diagnosis";
import { diagnosisDocument, isFaulty } from "@wherefrom/doctor";
import type { Command } from "commander";
import { CliError, exitCodes } from "../../errors.ts";
import { addFactsOptions, type FactsFlags } from "../../facts-flags.ts";
import { readGivenFacts } from "../../given-facts.ts";
import { findingOf } from "./probe.ts";
import { printReport, type ReportOptions, withReportOptions } from "./report-options.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

const EXAMPLES = `
Examples:
  $ wherefrom doctor diagnose --facts facts.json
  $ wherefrom doctor diagnose --facts server.json --facts client.json --json
  $ wherefrom doctor diagnose --probe outside.json --facts '{"route.defaultViaEdge": true}'
  $ wherefrom doctor diagnose --facts '{"res.equals": "canary", "app.trust": "wildcard"}' --language ja
  $ wherefrom doctor diagnose --facts facts.json --format html > report.html

Facts are one JSON object, signal to value, such as {"peer.isDefaultGateway": true}; a signal that is left out or null is not known.

Exit codes: 0 ranked, also when it is undecided; 2 usage, or facts that are none; 3 could not run.`;

/** Adds `wherefrom doctor diagnose`: facts in, ranked causes out. It looks at nothing by itself. */
export function addDiagnoseCommand(doctor: Command, exit: (code: number) => void): void {
  withReportOptions(addFactsOptions(doctor.command("diagnose")))
    .description("Rank the causes of a wrong address by what is known")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ReportOptions & FactsFlags) => {
      if (options.facts === undefined && options.probe === undefined)
        throw new CliError("USAGE_OPTION_MISSING", "Give what is known: --facts JSON, --facts FILE, or --probe FILE");
      const catalogue = readCatalogue();
      const given = await readGivenFacts(options, { catalogue });
      if (given.kind === "refused") {
        process.stderr.write(`${given.lines.join("\n")}\n`);
        return exit(exitCodes.usage);
      }
      const diagnosis = diagnose(catalogue, given.facts);
      const advice = advise(catalogue, { facts: given.facts, diagnosis });
      const { causes, undecided, nextTest } = diagnosis;
      const isWithoutFault = given.runs.length > 0 && given.runs.every((run) => !isFaulty(findingOf(run)));
      await printReport(
        {
          json: { version: JSON_VERSION, causes, undecided, nextTest, advice },
          document: (language) => diagnosisDocument({ diagnosis, advice, isWithoutFault }, language),
        },
        options,
      );
    });
}
