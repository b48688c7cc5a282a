import { advise, readCatalogue } from "@wherefrom/diagnosis";
import { compareDocument, compareProbes, isFaulty, type ProbeFinding, SECOND_ROLES, type SecondRole } from "@wherefrom/doctor";
import type { Command } from "commander";
import { readDialTarget } from "../../dial-target.ts";
import { exitCodes } from "../../errors.ts";
import { valueOption } from "../../option-values.ts";
import { readProbeFile } from "../../probe-file.ts";
import { findingOf, type ProbeCommandOptions, probeTarget, toldBy, withProbeOptions } from "./probe.ts";
import { printReport, withReportOptions } from "./report-options.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

const EXAMPLES = `
Examples:
  $ wherefrom doctor compare http://edge.example:18000/.wherefrom-4c1f0a9e7d2b http://edge.example:10002/.wherefrom-4c1f0a9e7d2b
  $ wherefrom doctor compare outside.json inside.json --second inside
  $ wherefrom doctor compare here.json http://10.0.0.180:8000/.wherefrom-4c1f0a9e7d2b --second lan --json

Each is the URL of an echo, which is probed, or a file that wherefrom doctor probe --json wrote.

Exit codes: 0 nothing differs; 1 something does; 2 usage; 3 nothing answered.`;

type CompareOptions = ProbeCommandOptions & { readonly second: SecondRole };

/** Adds `wherefrom doctor compare`: two probes side by side, and what one rules out for the other. */
export function addCompareCommand(doctor: Command, exit: (code: number) => void): void {
  withReportOptions(withProbeOptions(doctor.command("compare")))
    .description("Compare two services or two probes, and say what the difference rules out")
    .argument("<first>", "what is wrong: a URL, or a file of a probe")
    .argument("<second>", "what it is compared with: a URL, or a file of a probe")
    .addOption(
      valueOption(
        "--second <role>",
        "what the second is: a neighbour behind the same edge, the same service from its LAN, or from inside the site",
        "WHEREFROM_DOCTOR_SECOND",
      )
        .choices(SECOND_ROLES)
        .default("neighbour"),
    )
    .addHelpText("after", EXAMPLES)
    .action(async (first: string, second: string, options: CompareOptions) => {
      const catalogue = readCatalogue();
      const pair = { first: await findingFor(first, options), second: await findingFor(second, options), role: options.second };
      const comparison = compareProbes(catalogue, pair);
      const { differences, facts, diagnosis, ruledOut, allFacts } = comparison;
      const advice = advise(catalogue, { facts: allFacts, diagnosis });
      const hasFault = isFaulty(pair.first) || isFaulty(pair.second);
      await printReport(
        {
          json: { version: JSON_VERSION, differences, facts, ruledOut, diagnosis, advice },
          document: (language) => compareDocument({ comparison, advice, hasFault }, language),
        },
        options,
      );
      exit(differences.length === 0 ? exitCodes.ok : exitCodes.findings);
    });
}

async function findingFor(given: string, options: CompareOptions): Promise<ProbeFinding> {
  if (!/^(?:https?|wss?):\/\//.test(given)) return findingOf({ ...readProbeFile(given), ...toldBy(options) });
  const target = readDialTarget({ url: given });
  return findingOf(await probeTarget(target, options), target);
}
