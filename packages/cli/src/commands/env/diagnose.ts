import { type Advice, type Diagnosis, type FactValue, readCatalogue } from "@wherefrom/diagnosis";
import { diagnosisDocument } from "@wherefrom/doctor";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { exitCodes } from "../../errors.ts";
import type { FactsFlags } from "../../facts-flags.ts";
import { readGivenFacts } from "../../given-facts.ts";
import { printReport, type ReportOptions } from "../doctor/report-options.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

export type DiagnoseOptions = ApiOptions & ReportOptions & FactsFlags & { readonly echo?: string };

/** What the API answers, as far as it is printed. */
type Answer = Diagnosis & {
  readonly advice: Advice;
  readonly facts: object;
  readonly knownFacts: Readonly<Record<string, FactValue>>;
  readonly revisionId: string;
};

/** Asks control for the causes of a wrong address, by what is given and what it knows itself. Gives the exit code. */
export async function diagnoseEnvironment(argument: string | undefined, options: DiagnoseOptions): Promise<number> {
  const { api, environment } = openTarget(options);
  const name = environmentOf(argument, environment);
  const path = `/environments/${encodeURIComponent(name)}`;
  const { echo } = options;
  const probed = echo === undefined ? [] : [(await api.send("POST", `${path}:probe`, { body: { url: echo } })).body.facts];
  const given = await readGivenFacts(options, {
    catalogue: readCatalogue(),
    others: probed.map((json) => ({ json, where: "What control's probe found" })),
  });
  if (given.kind === "refused") {
    process.stderr.write(`${given.lines.join("\n")}\n`);
    return exitCodes.usage;
  }
  const sent = { ...Object.fromEntries(given.unknown.map((signal) => [signal, null])), ...Object.fromEntries(given.facts) };
  const { body } = await api.send("POST", `${path}:diagnose`, { body: { facts: sent } });
  const { advice, facts, knownFacts, revisionId, ...diagnosis } = body as Answer;
  await printReport(
    {
      json: { version: JSON_VERSION, environment: name, revisionId, ...diagnosis, advice, facts, knownFacts },
      document: (language) => diagnosisDocument({ diagnosis, advice, knownFacts }, language),
    },
    options,
  );
  return exitCodes.ok;
}
