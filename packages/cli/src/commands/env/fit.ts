import { type FitReport, fitDocument } from "@wherefrom/doctor";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { exitCodes } from "../../errors.ts";
import { printReport, type ReportOptions } from "../doctor/report-options.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

/** Shows whether an environment's policy fits its recent traffic. Returns 1 when it does not. */
export async function showFit(argument: string | undefined, options: ApiOptions & ReportOptions): Promise<number> {
  const { api, environment } = openTarget(options);
  const { body } = await api.get(`/environments/${encodeURIComponent(environmentOf(argument, environment))}:fit`);
  const fit = body as FitReport;
  await printReport({ json: { version: JSON_VERSION, fit }, document: (language) => fitDocument(fit, language) }, options);
  return fit.verdict === "MISFITS" ? exitCodes.findings : exitCodes.ok;
}
